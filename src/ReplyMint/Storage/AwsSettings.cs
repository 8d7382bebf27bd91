using System.Buffers;
using ReplyMint.Security;

namespace ReplyMint.Storage;

/// <summary>Where all that ReplyMint keeps lies.</summary>
internal enum StoreKind
{
    /// <summary>In the data folder of one machine, on which one process owns it.</summary>
    Embedded = 0,
    /// <summary>In tables and a bucket of AWS, which many processes share.</summary>
    Aws = 1,
}

/// <summary>What of AWS is used. Nothing is, as long as no other setting asks for it.</summary>
internal sealed record AwsSettings
{
    private static readonly SearchValues<char> s_table = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    private static readonly SearchValues<char> s_bucket = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> s_key = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/:");
    private static readonly SearchValues<char> s_path = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/");

    /// <summary>The region, such as eu-central-1; null is what the variable AWS_REGION says.</summary>
    public string? Region { get; init; }
    /// <summary>What the names of the three tables begin with: PREFIXmain, PREFIXkeys, PREFIXaudit.</summary>
    public string? TablePrefix { get; init; }
    /// <summary>The bucket of large mails, without dots in its name. It must keep no older versions.</summary>
    public string? Bucket { get; init; }
    /// <summary>The bucket into which SES puts mails that come in, another one than bucket; null is none.</summary>
    public string? MailBucket { get; init; }
    /// <summary>The address of the SQS queue that wakes workers.</summary>
    public string? Queue { get; init; }
    /// <summary>The address of the SQS queue of erasures, which only the function that may destroy keys reads.</summary>
    public string? EraseQueue { get; init; }
    /// <summary>The path of secrets in SSM Parameter Store, such as /replymint/production; each secret is PATH/NAME.</summary>
    public string? Parameters { get; init; }
    /// <summary>The KMS key (ARN, id or alias) under which commands put secrets into Parameter Store; null is AWS's own key for it.</summary>
    public string? ParametersKey { get; init; }
    /// <summary>The ARN of the KMS key that wraps the master key.</summary>
    public string? Key { get; init; }
    /// <summary>The ARN of the SNS topic that hears of alerts; null is none.</summary>
    public string? Topic { get; init; }
    /// <summary>One address of stand-ins for all services. Only in development, and only http on this machine.</summary>
    public string? Endpoint { get; init; }

    /// <param name="isStore">The store lies there.</param>
    /// <param name="environment">Which one this is.</param>
    public IEnumerable<string> Problems(bool isStore, DeploymentEnvironment environment)
    {
        foreach (var (name, value) in isStore ? new[] { ("region", Region), ("tablePrefix", TablePrefix), ("bucket", Bucket), ("key", Key) } : [])
            if (value is null)
                yield return $"{name} must be set: the store is to lie on AWS.";
        if (Region is not null && !IsRegion(Region))
            yield return "region must be a region of AWS, such as eu-central-1.";
        if (TablePrefix is not null && (TablePrefix.Length > 200 || TablePrefix.AsSpan().ContainsAnyExcept(s_table)))
            yield return "tablePrefix has at most 200 characters of A-Z, a-z, 0-9, '_', '.' and '-'.";
        foreach (var (name, value) in new[] { ("bucket", Bucket), ("mailBucket", MailBucket) })
            if (value is not null && (value.Length is < 3 or > 63 || value.AsSpan().ContainsAnyExcept(s_bucket)))
                yield return $"{name} must be the name of a bucket: 3 to 63 characters of a-z, 0-9 and '-' (AWS's certificates fit no name with dots).";
        if (MailBucket is not null && MailBucket == Bucket)
            yield return "mailBucket must be another bucket than aws.bucket: SES writes to it, and what was taken is removed.";
        if (ParametersKey is not null && (ParametersKey.Length is 0 or > 200 || ParametersKey.AsSpan().ContainsAnyExcept(s_key)))
            yield return "parametersKey must be the ARN, the id or the alias of a key of KMS.";
        foreach (var (name, value) in new[] { ("queue", Queue), ("eraseQueue", EraseQueue) })
            if (value is not null && !IsQueue(value))
                yield return $"{name} must be the https address of a queue of SQS.";
        if (Queue is null != EraseQueue is null)
            yield return "eraseQueue and aws.queue must be set both, or none of them.";
        if (Queue is not null && Queue == EraseQueue)
            yield return "eraseQueue must be another queue than aws.queue: who reads it may destroy keys.";
        if (Parameters is not null && (Parameters.Length > 900 || Parameters.Split('/') is not ["", .. var levels] || levels.Length > 14 || levels.Contains("") || Parameters.AsSpan().ContainsAnyExcept(s_path)))
            yield return "parameters must be a path such as /replymint/production, without a '/' at its end.";
        if (Key is not null && !IsName(Key, "kms", "key/"))
            yield return "key must be the ARN of a key of KMS in aws.region (no alias: who may move it could lead elsewhere).";
        if (Topic is not null && !IsName(Topic, "sns", ""))
            yield return "topic must be the ARN of a topic of SNS in aws.region.";
        if (Endpoint is not null && !(environment == DeploymentEnvironment.Development && IsHere(Endpoint)))
            yield return "endpoint is for stand-ins: it works in development only, and only as http on this machine, such as http://127.0.0.1:4566.";
    }

    /// <summary>An ARN is arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME.</summary>
    private bool IsName(string arn, string service, string prefix) =>
        arn.Split(':') is ["arn", ['a', 'w', 's', ..], var of, var region, { Length: 12 } account, var name] && of == service && region == Region
        && account.All(char.IsAsciiDigit) && name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length && !name.AsSpan(prefix.Length).ContainsAnyExcept(s_table);

    private static bool IsRegion(string region) =>
        region.Length <= 30 && region.Split('-') is { Length: >= 3 } parts && parts.All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))) && char.IsAsciiDigit(region[^1]);

    /// <summary>A stand-in gives addresses of its own; calls go to <see cref="Endpoint"/> all the same.</summary>
    private bool IsQueue(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.AbsolutePath.Length > 1 && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && Endpoint is not null));

    private static bool IsHere(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttp && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0
        && DeploymentEnvironments.IsLoopback(uri.Host);
}
