#!/usr/bin/env bash
# ./test.sh          restores, builds, runs all tests, publishes the native binary and tests that too (about 20 minutes on two cores; 15 are wanted)
# ./test.sh --full   the long forms as well (60 minutes are wanted; 75 were measured beside builds, of which the mutants have 35)
# The last line is "N passed, N failed"; the status is 0 only when none failed.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here" || exit 1
source .ci/sdk.sh

limit=900
case ${1:-} in
    '') ;;
    --full) export REPLYMINT_TEST_FULL=1; limit=3600 ;;
    *) sed -n '2,4s/^# //p' "$0"; exit 2 ;;
esac

passed=0 failed=0
run_id=$$-$RANDOM
export REPLYMINT_TEST_RUN=$run_id
logs=$here/artifacts/test
mkdir -p "$logs"

# What a test started and left behind carries the mark of this run in its environment.
kill_leftovers() {
    local environment pid
    while read -r environment; do
        pid=${environment#/proc/}
        kill -KILL "${pid%/environ}" 2>/dev/null || true
    done < <(grep -lzx "REPLYMINT_TEST_RUN=$run_id" /proc/[0-9]*/environ 2>/dev/null)
}

finish() {
    kill_leftovers
    echo
    echo "$passed passed, $failed failed"
    [[ $failed -eq 0 && $passed -gt 0 ]]
    exit
}

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

# A step that is no test counts only when it fails.
must() {
    local name=$1; shift
    step "$name"
    if ! timeout --kill-after=10 "$limit" "$@"; then
        echo "$name: failed" >&2
        failed=$((failed + 1))
        finish
    fi
}

# need COMMAND PACKAGE: installs a Debian package whose command is missing.
need() {
    command -v "$1" >/dev/null && return 0
    step "Install $2, for the command $1"
    local sudo=
    [[ $EUID -eq 0 ]] || sudo='sudo -n'
    if ! { $sudo apt-get install -y --no-install-recommends "$2" || { $sudo apt-get update && $sudo apt-get install -y --no-install-recommends "$2"; }; } \
        >"$logs/apt.log" 2>&1; then
        tail -5 "$logs/apt.log" >&2
        echo "test.sh: the command $1 is missing; install the package $2 and try again" >&2
        failed=$((failed + 1))
        finish
    fi
}

# tests NAME EXECUTABLE [OPTION...]: runs a test program and adds up what its summary says.
tests() {
    local name=$1 program=$2 log=$logs/$1.log status=0 ok bad skipped
    step "$name"
    timeout --kill-after=10 "$limit" "$program" --no-progress --no-ansi "${@:3}" >"$log" 2>&1 || status=$?
    ok=$(sed -n 's/^ *succeeded: *\([0-9]*\)$/\1/p' "$log" | tail -1)
    bad=$(sed -n 's/^ *failed: *\([0-9]*\)$/\1/p' "$log" | tail -1)
    skipped=$(sed -n 's/^ *skipped: *\([0-9]*\)$/\1/p' "$log" | tail -1)
    # A run that crashed, hung or found no tests is a failure, whatever it printed.
    [[ $status -ne 0 && ${bad:-0} -eq 0 ]] && bad=1
    [[ ${bad:-0} -gt 0 ]] && cat "$log"
    grep '^skipped' -A1 "$log" | grep -v '^--' || true
    passed=$((passed + ${ok:-0}))
    failed=$((failed + ${bad:-0}))
    echo "$name: ${ok:-0} passed, ${bad:-0} failed, ${skipped:-0} skipped"
    kill_leftovers
}

# Installs the packages of a folder by its lock file, once.
packages() {
    local folder=$1 stamp=$1/node_modules/.lock log=$logs/npm.log
    cmp -s "$folder/package-lock.json" "$stamp" && return 0
    step "Install the packages of $folder"
    if ! (cd "$folder" && timeout --kill-after=10 300 npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1; then
        tail -5 "$log" >&2
        failed=$((failed + 1))
        return 1
    fi
    cp "$folder/package-lock.json" "$stamp"
}

# Lints the API's description that the tests wrote: one test.
lint() {
    local folder=tools/openapi log=$logs/openapi.log
    packages "$folder" || return
    step 'Lint of the API description'
    if [[ -s $folder/openapi.json ]] && (cd "$folder" && timeout --kill-after=10 300 npm run --silent lint) >"$log" 2>&1; then
        passed=$((passed + 1))
        echo 'Lint of the API description: 0 errors'
    else
        failed=$((failed + 1))
        cat "$log" >&2
    fi
}

# Asks tools of others about the templates of AWS, with what the tests wrote.
infra() {
    local folder=tools/infra log=$logs/infra.log ok bad
    packages "$folder" || return
    step 'Templates of AWS'
    (cd "$folder" && timeout --kill-after=10 300 node check.mjs written) >"$log" 2>&1 || true
    ok=$(sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p' "$log" | tail -1)
    bad=$(sed -n 's/^[0-9]* passed, \([0-9]*\) failed$/\1/p' "$log" | tail -1)
    # Without its last line it broke off.
    [[ ${bad:-1} -eq 0 && ${ok:-0} -gt 0 ]] || cat "$log" >&2
    passed=$((passed + ${ok:-0}))
    failed=$((failed + ${bad:-1}))
    echo "Templates of AWS: ${ok:-0} passed, ${bad:-1} failed"
}

# Takes one protection after another away and counts those that a test misses (tools/ReplyMint.Mutants); at most 35 minutes.
mutants() {
    local log=$logs/mutants.log ok bad
    step 'Mutants'
    timeout --kill-after=10 2100 tools/ReplyMint.Mutants/run.sh --release --trust "$@" >"$log" 2>&1 || true
    ok=$(sed -n 's/^\([0-9]*\) killed, [0-9]* not$/\1/p' "$log" | tail -1)
    bad=$(sed -n 's/^[0-9]* killed, \([0-9]*\) not$/\1/p' "$log" | tail -1)
    # Without its last line it broke off, or its time was over.
    [[ -n $bad ]] || tail -5 "$log" >&2
    grep '^not killed: ' "$log" >&2 || true
    passed=$((passed + ${ok:-0}))
    failed=$((failed + ${bad:-1}))
    echo "Mutants: ${ok:-0} killed, ${bad:-1} not"
    kill_leftovers
}

# Builds the assemblies of the last commit twice, in two places: one test.
twice() {
    local log=$logs/twice.log
    step 'Assemblies built twice'
    if timeout --kill-after=10 900 tools/twice.sh --managed >"$log" 2>&1; then
        passed=$((passed + 1))
        echo 'Assemblies built twice: the same, byte by byte'
    else
        failed=$((failed + 1))
        tail -10 "$log" >&2
    fi
}

trap 'exit 130' INT TERM
trap kill_leftovers EXIT

if ! find_sdk; then
    failed=1
    finish
fi
command -v clang >/dev/null || need gcc gcc
need flock util-linux
need setpriv util-linux
need node nodejs
need npm npm
# The scripts of infra/ need them, and their tests run those.
need jq jq
# Mail of an account is fetched from a real server.
need doveadm dovecot-imapd
# And answers leave by one.
need /usr/lib/dovecot/submission dovecot-submissiond
# Who wrote a mail is asked of a real name server.
need dnsmasq dnsmasq-base
need zip zip
# The pages of the console are used in a real browser.
command -v google-chrome >/dev/null || need chromium chromium
need 7zz 7zip

quiet=(-v quiet --nologo -p:UseSharedCompilation=false)
must 'Restore' "$DOTNET" restore "${quiet[@]}"
must 'Build, all analyzers on, warnings as errors' "$DOTNET" build --no-restore -c Release -p:RunAnalyzers=true "${quiet[@]}"
export REPLYMINT_TEST_OPENAPI=$here/tools/openapi/openapi.json
rm -f "$REPLYMINT_TEST_OPENAPI"
export REPLYMINT_TEST_INFRA=$here/tools/infra/written
rm -rf "$REPLYMINT_TEST_INFRA"
packages tools/stand-ins
packages tools/console
tests 'Tests' tests/ReplyMint.Tests/bin/Release/net10.0/ReplyMint.Tests
# The API's tests once more, on the adapters of AWS with stand-ins behind them; those of webhooks let days pass, and are in the long form.
aws=(--filter-namespace 'ReplyMint.Tests.Api*')
[[ -n ${REPLYMINT_TEST_FULL:-} ]] || aws+=(--filter-not-class '*WebhookRouteTests')
REPLYMINT_TEST_STORE=aws tests 'Tests on the adapters of AWS' tests/ReplyMint.Tests/bin/Release/net10.0/ReplyMint.Tests "${aws[@]}"
lint
infra
[[ -z ${REPLYMINT_TEST_FULL:-} ]] || twice

machine=$(uname -m)
rid=linux-$([[ $machine == aarch64 ]] && echo arm64 || echo x64)
must 'Publish the native binary' "$DOTNET" publish src/ReplyMint.Cli -r "$rid" -o artifacts/publish -p:RunAnalyzers=false "${quiet[@]}"
export REPLYMINT_TEST_BINARY=$here/artifacts/publish/replymint
ls -l "$REPLYMINT_TEST_BINARY"
# The scan for known vulnerabilities: a finding fails, a source that knows no advisories is told of and is no pass.
must 'Known vulnerabilities' "$DOTNET" tools/ReplyMint.Supply/bin/Release/net10.0/ReplyMint.Supply.dll advisories
tests 'Tests of the native binary' tests/ReplyMint.BinaryTests/bin/Release/net10.0/ReplyMint.BinaryTests
# Last, since it takes the longest, and what stands before it is known by then.
[[ -z ${REPLYMINT_TEST_FULL:-} ]] || mutants
finish
