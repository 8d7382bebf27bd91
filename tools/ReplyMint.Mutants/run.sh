#!/usr/bin/env bash
# tools/ReplyMint.Mutants/run.sh [--only NAME]... [--sample N [--seed WORD]] [--jobs N] [--release] [--trust] [--list]
# Takes one protection after another away and demands that a test notices; the README beside it says more.
# The last line is "N killed, N not"; the status is 0 only when all were killed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$here/.ci/sdk.sh"
find_sdk || exit 1
configuration=Debug
if [[ ${1:-} == --release ]]; then configuration=Release; shift; fi
if [[ ${1:-} == -h || ${1:-} == --help ]]; then sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 2; fi
tool=$here/tools/ReplyMint.Mutants
quiet=(-v quiet --nologo -p:RunAnalyzers=false -p:UseSharedCompilation=false -nodeReuse:false)
"$DOTNET" build "$tool" -c Release -p:WithCrossgen=true "${quiet[@]}" >&2
"$DOTNET" build "$here/tests/ReplyMint.Tests" -c "$configuration" "${quiet[@]}" >&2
exec "$tool/bin/Release/net10.0/ReplyMint.Mutants" "$here" "$DOTNET" "$configuration" "$@"
