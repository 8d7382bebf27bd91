#!/usr/bin/env bash
# Builds the last commit twice, from two fresh copies in two places, and compares what is published byte by byte.
# Where two files differ, the sections in which they do are named. Status 0 when all is the same, 1 when not, 2 when nothing was built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$here/.ci/sdk.sh"
find_sdk || exit 2
work=${1:-$here/artifacts/twice}
machine=$(uname -m)
rid=linux-$([[ $machine == aarch64 ]] && echo arm64 || echo x64)
rm -rf "$work"

# Two folders whose names differ in length, too: a path that gets into the binary shows.
for place in first/copy second-copy; do
    mkdir -p "$work/$place" "$work/out"
    git -C "$here" archive HEAD | tar -x -C "$work/$place"
    echo "twice.sh: building in $work/$place" >&2
    REPLYMINT_COMMIT_TIME=$(git -C "$here" log -1 --format=%ct) CI=true ${SLOT:-} "$DOTNET" publish "$work/$place/src/ReplyMint.Cli" -r "$rid" -o "$work/out/${place%%/*}" \
        -p:RunAnalyzers=false -p:UseSharedCompilation=false -nodeReuse:false -v quiet --nologo >&2 || exit 2
done
exec "$DOTNET" run --project "$here/tools/ReplyMint.Supply" -c Release -v quiet -- compare "$work/out/first" "$work/out/second-copy"
