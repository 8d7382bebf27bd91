namespace ReplyMint.Aws;

/// <summary>What calls are signed with. A class and no record, so that no log shows the secret by its ToString.</summary>
internal sealed class AwsCredentials(string accessKey, string secretKey, string? sessionToken, DateTimeOffset? expires)
{
    public string AccessKey => accessKey;
    public string SecretKey => secretKey;
    /// <summary>Of a role; null for a key without a session.</summary>
    public string? SessionToken => sessionToken;
    /// <summary>Null is not told: as long as the process lives.</summary>
    public DateTimeOffset? Expires => expires;
}

/// <summary>Nobody gave us credentials. The message says who was asked, never what he said.</summary>
internal sealed class NoCredentialsException(string message, Exception? inner = null) : Exception(message, inner);
