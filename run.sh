#!/usr/bin/env bash
# ./run.sh         starts the server for development on http://localhost:8080, with its data in ./data
# ./run.sh demo    shows the way of a mail, from arrival to answer, in a fresh ./data-demo
# ./run.sh ARGS    runs any command of replymint: ./run.sh --help
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/.ci/sdk.sh"
program=$here/src/ReplyMint.Cli/bin/Release/net10.0/replymint
stamp=$here/artifacts/run/stamp

changed() {
    [[ ! -x $program || ! -f $stamp ]] && return 0
    [[ -n $(find "$here/src" "$here"/Directory.*.props "$here/global.json" "$here/.editorconfig" \
        \( -name bin -o -name obj \) -prune -o -newer "$stamp" -print -quit) ]]
}

build() {
    find_sdk || exit 1
    mkdir -p "$here/artifacts/run"
    # Two commands at once must not build at once.
    exec 9>"$here/artifacts/run/lock"
    flock 9
    if changed; then
        echo "Building ReplyMint ..." >&2
        touch "$stamp.new"
        if ! "$DOTNET" build "$here/src/ReplyMint.Cli" -c Release -v quiet --nologo -p:UseSharedCompilation=false -nodeReuse:false \
            >"$here/artifacts/run/build.log" 2>&1; then
            cat "$here/artifacts/run/build.log" >&2
            echo "run.sh: the build failed; the lines above say why" >&2
            exit 1
        fi
        # Not the time now: what was changed while it was built is newer than the build.
        mv "$stamp.new" "$stamp"
    fi
    exec 9>&-
}

if changed; then
    build
else
    find_sdk runtime || exit 1
fi

export REPLYMINT_BASE=$here
[[ $# -gt 0 ]] || set -- serve --environment development --urls http://localhost:8080
exec "$program" "$@"
