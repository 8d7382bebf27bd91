using System.Net;
using System.Text.Json.Serialization;

namespace ReplyMint.Security;

/// <summary>Where this runs. Production is what holds when nothing is said; development must be named.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeploymentEnvironment>))]
internal enum DeploymentEnvironment
{
    [JsonStringEnumMemberName("production")] Production = 0,
    /// <summary>Production's rules with its own names and origins.</summary>
    [JsonStringEnumMemberName("staging")] Staging = 1,
    /// <summary>Plain HTTP and localhost are served; therefore every listener, of every protocol, stays on loopback.</summary>
    [JsonStringEnumMemberName("development")] Development = 2,
}

internal static class DeploymentEnvironments
{
    public const string Names = "production, staging or development";

    public static DeploymentEnvironment? Parse(string name) => name switch
    {
        "production" => DeploymentEnvironment.Production,
        "staging" => DeploymentEnvironment.Staging,
        "development" => DeploymentEnvironment.Development,
        _ => null,
    };

    public static string Name(this DeploymentEnvironment environment) => environment switch
    {
        DeploymentEnvironment.Staging => "staging",
        DeploymentEnvironment.Development => "development",
        _ => "production",
    };

    /// <summary>Development has no transport security; everywhere else a request over plain HTTP is not served.</summary>
    public static bool NeedsHttps(this DeploymentEnvironment environment) => environment != DeploymentEnvironment.Development;

    /// <summary>The consoles that may call the API from a browser when the settings name no origins.</summary>
    public static IReadOnlyList<string> DefaultOrigins(this DeploymentEnvironment environment) => environment switch
    {
        DeploymentEnvironment.Staging => ["https://replymint-staging.vercel.app"],
        DeploymentEnvironment.Development => ["http://localhost:3000"],
        _ => ["https://replymint.vercel.app"],
    };

    /// <summary>For every listener's settings: what is wrong with binding there in this environment, or null.</summary>
    /// <param name="setting">The member's name as the operator writes it.</param>
    /// <param name="host">An IP address, "localhost" or "*".</param>
    public static string? ListenProblem(this DeploymentEnvironment environment, string setting, string host) =>
        environment != DeploymentEnvironment.Development || IsLoopback(host) ? null
            : $"{setting}: in development every listener stays on loopback, but this one is bound to {host}. Use localhost, 127.0.0.1 or [::1], or name another environment ({Names}).";

    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ||
        (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
