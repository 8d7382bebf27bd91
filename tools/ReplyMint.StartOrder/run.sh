#!/usr/bin/env bash
# tools/ReplyMint.StartOrder/run.sh   writes anew which types and methods the start of the native binary needs (Linux on x86-64; some five minutes).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$here/.ci/sdk.sh"
find_sdk || exit 1
quiet=(-v quiet --nologo -p:RunAnalyzers=false -p:UseSharedCompilation=false -nodeReuse:false)
"$DOTNET" build "$here/tests/ReplyMint.Tests" "${quiet[@]}"
REPLYMINT_TEST_WRITE_START_TYPES=1 "$here/tests/ReplyMint.Tests/bin/Debug/net10.0/ReplyMint.Tests" --no-progress --no-ansi --filter-class '*StartTypesTests'
"$DOTNET" build "$here/tools/ReplyMint.StartOrder" -c Release "${quiet[@]}"
"$DOTNET" publish "$here/src/ReplyMint.Cli" -r linux-x64 -o "$here/artifacts/publish" "${quiet[@]}"
exec "$here/tools/ReplyMint.StartOrder/bin/Release/net10.0/ReplyMint.StartOrder" "$here/artifacts/publish/replymint" "$here/src/ReplyMint.Cli/start.order"
