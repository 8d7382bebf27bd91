using System.Net;
using System.Security.Cryptography;
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
}
