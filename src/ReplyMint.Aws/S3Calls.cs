using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>Calls of one bucket of S3, made again while their failure passes: each of them may be made twice.</summary>
/// <param name="client">Its endpoint is the bucket's own address.</param>
internal sealed class S3Calls(AwsClient client, AwsPatience patience, TimeProvider time)
{
    /// <param name="most">Bytes of an answer that are taken.</param>
    /// <returns>An answer without an error, or that it is not there, or that it is too large.</returns>
    /// <exception cref="StoreUnavailableException">It failed for good, or for too long.</exception>
    public async Task<AwsAnswer> CallAsync(HttpMethod method, string place, ReadOnlyMemory<byte> content, CancellationToken ct, long most = long.MaxValue)
    {
        (string, string)[] fields = [("X-Amz-Content-Sha256", Convert.ToHexStringLower(SHA256.HashData(content.Span)))];
        var tries = new AwsTries(patience with { Whole = patience.Whole + AwsPatience.ForBytes(content.Length) }, time);
        while (true)
        {
            var answer = await client.SendAsync(method, place, content, fields, patience.Attempt, ct, most);
            if (answer.Error is null or AwsClient.TooLarge || (answer.Error == "NoSuchKey" && method != HttpMethod.Put))
                return answer;
            if (!(answer.IsPassing || answer is { Error: "SlowDown" or "OperationAborted" } || answer.Status == (int)HttpStatusCode.TooManyRequests) || !await tries.AgainAsync(ct))
                throw new StoreUnavailableException($"S3 did not carry out {method}: {answer.Error}.");
        }
    }

    /// <param name="page">How many names an answer holds, 1 to 1,000.</param>
    public async IAsyncEnumerable<(string Name, DateTimeOffset At)> ListAsync(string prefix, int page, [EnumeratorCancellation] CancellationToken ct)
    {
        var after = "";
        while (true)
        {
            var query = $"?list-type=2&max-keys={page}&prefix={Uri.EscapeDataString(prefix)}{(after.Length == 0 ? "" : $"&start-after={Uri.EscapeDataString(after)}")}";
            var text = Encoding.UTF8.GetString((await CallAsync(HttpMethod.Get, query, default, ct)).Body);
            foreach (var entry in text.Split("<Contents>").Skip(1))
            {
                // Escapes stand in no name of ours, so names are compared as they are written.
                after = Between(entry, "Key");
                yield return (after, DateTimeOffset.Parse(Between(entry, "LastModified"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
            }
            if (Between(text, "IsTruncated") != "true")
                yield break;
        }
    }

    public static string Between(string text, string element)
    {
        var start = text.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        var end = text.IndexOf($"</{element}>", StringComparison.Ordinal);
        return start > element.Length + 1 && end >= start ? text[start..end] : throw new StoreUnavailableException("S3 gave an answer that can't be read.");
    }
}
