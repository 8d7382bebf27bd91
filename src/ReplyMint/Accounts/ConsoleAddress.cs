using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>Under which address people reach the pages: what settings say, never what a request claims.</summary>
internal static class ConsoleAddress
{
    /// <summary>What a sign-in link begins with, behind the address. The token is worth nothing without the cookie of the browser that asked.</summary>
    public const string Link = RouteGroups.PagesRoot + "/link?token=";

    /// <summary>Scheme, host and port; null when no setting says. In development where we listen.</summary>
    public static string? Of(HttpSettings http, AccountsSettings accounts) =>
        http.PublicUrl?.TrimEnd('/') ?? (accounts.SignInUrl is { } page && Uri.TryCreate(page, UriKind.Absolute, out var uri) ? uri.GetLeftPart(UriPartial.Authority)
            : http is { Environment: DeploymentEnvironment.Development, Urls: [var own, ..] } && !own.EndsWith(":0", StringComparison.Ordinal) ? own.TrimEnd('/') : null);
}
