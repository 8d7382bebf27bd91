#!/usr/bin/env bash
# ./bench/run.sh [--binary PATH] [--only accept|answer|health|start|bare|access|noisy|backup|export|erase|audit|lambda|growth|reading|index] [--full]   measures the product in a process of its own and prints one table.
# With the path of the native binary that is measured; else the assembly as the runtime compiles it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$here/.ci/sdk.sh"
find_sdk || exit 1
"$DOTNET" build "$here/bench/ReplyMint.Bench" -c Release -v quiet --nologo -p:UseSharedCompilation=false -nodeReuse:false >&2
exec "$here/bench/ReplyMint.Bench/bin/Release/net10.0/ReplyMint.Bench" --folder "$here/artifacts/bench" "$@"
