#!/usr/bin/env bash
# tools/twice.sh             builds the last commit twice, from two fresh copies in two places, and compares the assemblies and what is published byte by byte
# tools/twice.sh --managed   the same of the assemblies only: without the native compiler, which takes most of the time
# Where two files differ, the sections in which they do are named. Status 0 when all is the same, 1 when not, 2 when nothing was built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$here/.ci/sdk.sh"
managed=
case ${1:-} in
    '') ;;
    --managed) managed=1 ;;
    *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
esac
find_sdk || exit 2
work=$here/artifacts/twice
machine=$(uname -m)
rid=linux-$([[ $machine == aarch64 ]] && echo arm64 || echo x64)
# Said here, too: a response file above the folder may say otherwise.
quiet=(-p:RunAnalyzers=false -p:UseSharedCompilation=false -nodeReuse:false -v quiet --nologo)
rm -rf "$work"
# Named once: somebody may commit meanwhile.
commit=$(git -C "$here" rev-parse HEAD)
export CI=true REPLYMINT_COMMIT_TIME
REPLYMINT_COMMIT_TIME=$(git -C "$here" log -1 --format=%ct "$commit")

# Two folders whose names differ in length, too: a path that gets into the binary shows.
for place in first/copy second-copy; do
    out=$work/out/${place%%/*}
    mkdir -p "$work/$place" "$out/assemblies"
    git -C "$here" archive "$commit" | tar -x -C "$work/$place"
    echo "twice.sh: building in $work/$place" >&2
    if [[ -n $managed ]]; then
        "$DOTNET" build "$work/$place/src/ReplyMint.Cli" -c Release -p:Reproducible=true "${quiet[@]}" >&2 || exit 2
    else
        "$DOTNET" publish "$work/$place/src/ReplyMint.Cli" -r "$rid" -o "$out" "${quiet[@]}" >&2 || exit 2
    fi
    # As the compiler made them; what it only refers to lies in folders ref and refint.
    find "$work/$place"/src/*/obj/Release \( -name ReplyMint.Core.dll -o -name ReplyMint.Aws.dll -o -name replymint.dll \) -not -path '*/ref/*' -not -path '*/refint/*' -exec cp -t "$out/assemblies" {} +
done
exec "$DOTNET" run --project "$here/tools/ReplyMint.Supply" -c Release -v quiet -- compare "$work/out/first" "$work/out/second-copy"
