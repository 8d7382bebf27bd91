using System.Buffers;

namespace ReplyMint.Security;

/// <summary>An SNS topic, by its ARN: "arn:aws:sns:REGION:ACCOUNT:NAME". Its region decides which hosts may speak for it.</summary>
internal sealed record SnsTopic
{
    public const string Form = "arn:aws:sns:REGION:ACCOUNT:NAME, such as arn:aws:sns:eu-west-1:123456789012:mail-in";

    private const int MaxName = 256;
    private const int AccountLength = 12;
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private SnsTopic(string arn, string region, string suffix) => (Arn, Region, Suffix) = (arn, region, suffix);

    public string Arn { get; }

    /// <summary>"eu-west-1": lower-case words and a number.</summary>
    public string Region { get; }

    /// <summary>Amazon's own domain in the topic's part of the world.</summary>
    private string Suffix { get; }

    /// <summary>The one host that certificates are fetched from and subscriptions confirmed at.</summary>
    public string Host => $"sns.{Region}.{Suffix}";

    /// <summary>
    /// Names of which a signing certificate must carry one. Older regions share the first; newer ones, China and the government's
    /// have their own.
    /// </summary>
    public IReadOnlyList<string> CertificateNames => Suffix.EndsWith(".cn", StringComparison.Ordinal)
        ? [$"sns-{Region}.{Suffix}", Host, $"sns-signing.{Region}.{Suffix}"]
        : ["sns.amazonaws.com", Host, $"sns-signing.{Region}.{Suffix}", .. Region.StartsWith("us-gov-", StringComparison.Ordinal) ? (string[])["sns-us-gov-west-1.amazonaws.com"] : []];

    /// <summary>Null for anything that is no ARN of a standard topic.</summary>
    public static SnsTopic? TryParse(string arn)
    {
        if (arn.Length > 400 || arn.Split(':') is not ["arn", var partition, "sns", var region, var account, var name]
            || account.Length != AccountLength || account.AsSpan().ContainsAnyExceptInRange('0', '9')
            || name.Length is 0 or > MaxName || name.AsSpan().ContainsAnyExcept(NameCharacters) || !IsRegion(region))
            return null;
        var expected = region.StartsWith("cn-", StringComparison.Ordinal) ? "aws-cn" : region.StartsWith("us-gov-", StringComparison.Ordinal) ? "aws-us-gov" : "aws";
        return partition == expected ? new(arn, region, partition == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com") : null;
    }

    /// <summary>Two letters, one or two words, a number. So that no other service of Amazon's, such as a bucket's name, can stand in its place.</summary>
    private static bool IsRegion(string region)
    {
        var parts = region.Split('-');
        if (parts.Length is not (3 or 4) || parts[0].Length != 2 || parts[^1].Length is 0 or > 2 || parts[^1].AsSpan().ContainsAnyExceptInRange('0', '9'))
            return false;
        foreach (var part in parts.AsSpan(0, parts.Length - 1))
            if (part.Length is 0 or > 12 || part.AsSpan().ContainsAnyExceptInRange('a', 'z'))
                return false;
        return true;
    }
}
