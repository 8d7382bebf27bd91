namespace ReplyMint.Security;

/// <summary>What an address of a model's server has to be: the operator names it, and a key that is sent there must not be read on the way.</summary>
internal static class ModelAddress
{
    /// <param name="setting">The setting's path, with which the sentence begins.</param>
    /// <param name="address">The address before the protocol's own path.</param>
    /// <param name="hasKey">A key is sent with each request.</param>
    public static string? Problem(string setting, string address, bool hasKey)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Query.Length > 0 || uri.UserInfo.Length > 0)
            return setting + ": must be an address such as \"https://api.example.com/v1\".";
        return uri.Scheme == "http" && !uri.IsLoopback && hasKey ? setting + ": a key is sent over https only (http is allowed to this machine, or without a key)." : null;
    }
}
