using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <summary>Under which address people reach the pages: what settings say, never what a request claims.</summary>
internal static class ConsoleAddress
{
    /// <summary>What a sign-in link begins with, behind the address. The token is worth nothing without the cookie of the browser that asked.</summary>
    public const string Link = RouteGroups.PagesRoot + "/link?token=";

    /// <summary>What an invitation begins with, behind the address.</summary>
    public const string Invitation = RouteGroups.PagesRoot + "/invitation?token=";

    /// <summary>What a mailed link begins with that none of our pages asked for: ours where settings name one of them for signing in, else the front end's, behind a #.</summary>
    /// <param name="accounts">Which can mail.</param>
    /// <param name="path">Of our own page for it.</param>
    /// <param name="kind">Its name behind the #.</param>
    public static string Begin(AccountsSettings accounts, string path, string kind) =>
        Uri.TryCreate(accounts.SignInUrl, UriKind.Absolute, out var page) && (page.AbsolutePath + "/").StartsWith(RouteGroups.PagesRoot + "/", StringComparison.Ordinal)
            ? page.GetLeftPart(UriPartial.Authority) + path : $"{accounts.SignInUrl}#{kind}=";

    /// <summary>Scheme, host and port; null when no setting says. In development where we listen.</summary>
    public static string? Of(HttpSettings http, AccountsSettings accounts) =>
        http.PublicUrl?.TrimEnd('/') ?? (accounts.SignInUrl is { } page && Uri.TryCreate(page, UriKind.Absolute, out var uri) ? uri.GetLeftPart(UriPartial.Authority)
            : http is { Environment: DeploymentEnvironment.Development, Urls: [var own, ..] } && !own.EndsWith(":0", StringComparison.Ordinal) ? own.TrimEnd('/') : null);
}
