# Sourced by run.sh and test.sh: finds the .NET 10 SDK, or says what is missing.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false MSBUILDDISABLENODEREUSE=1

# Sets DOTNET and DOTNET_ROOT. "find_sdk runtime" is content with what was built already needs.
find_sdk() {
    local candidate root
    for candidate in "${DOTNET_ROOT:+$DOTNET_ROOT/dotnet}" "$(command -v dotnet || true)" "$HOME/.dotnet/dotnet" \
        /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet /usr/local/share/dotnet/dotnet; do
        [[ -n $candidate && -x $candidate ]] || continue
        root=$(dirname "$(readlink -f "$candidate")")
        if [[ ${1:-} == runtime ]]; then
            compgen -G "$root/shared/Microsoft.AspNetCore.App/10.*" >/dev/null || continue
        else
            compgen -G "$root/sdk/10.*" >/dev/null || continue
        fi
        export DOTNET=$candidate DOTNET_ROOT=$root
        return 0
    done
    cat >&2 <<'TEXT'
ReplyMint needs the .NET 10 SDK, and there is none on this machine.
  Debian, Ubuntu:  apt-get install dotnet-sdk-10.0
  anywhere:        https://dotnet.microsoft.com/download/dotnet/10.0
Where it lies may be said with DOTNET_ROOT. Then run this command again.
TEXT
    return 1
}
