using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>DynamoDB's calls, made again while their failure passes.</summary>
internal sealed class DynamoCalls(AwsClient client, AwsPatience patience, TimeProvider time)
{
    private const string Canceled = "TransactionCanceledException";
    private const string Protocol = "1.0";
    private const string Prefix = "DynamoDB_20120810.";

    /// <summary>For calls that may be made twice: reads.</summary>
    /// <exception cref="StoreUnavailableException">It failed for good, or for too long.</exception>
    public async Task<JsonDocument> ReadAsync(string operation, Action<Utf8JsonWriter> write, CancellationToken ct)
    {
        var body = AwsJsonCalls.Body(write);
        var tries = Tries();
        while (true)
        {
            var answer = await client.PostAsync(Protocol, Prefix + operation, body, patience.Attempt, ct);
            if (answer.Error is null)
                return JsonDocument.Parse(answer.Body);
            if (!answer.IsPassing || !await tries.AgainAsync(ct))
                throw Failed(operation, answer);
        }
    }

    /// <summary>
    /// Writes all or nothing, once: all tries of the same writes carry one token, by which DynamoDB knows those that it has carried
    /// out, also when its answer was lost. There is no cancelling: the caller must learn what became of it.
    /// </summary>
    /// <exception cref="StoreUnavailableException">It failed for good, or for too long; if the last tries were lost, nobody can tell whether it was written.</exception>
    public async Task<bool> WriteAsync(DynamoTransaction transaction)
    {
        if (transaction.IsEmpty)
            return true;
        var tries = Tries();
        var body = NewBody();
        while (true)
        {
            var answer = await client.PostAsync(Protocol, Prefix + "TransactWriteItems", body, patience.Attempt, CancellationToken.None);
            if (answer.Error is null)
                return true;
            var passing = answer.IsPassing;
            if (answer.Error == Canceled)
            {
                using var document = JsonDocument.Parse(answer.Body);
                switch (transaction.Read(document.RootElement))
                {
                    case Refusal.Conflict:
                        return false;
                    case Refusal.Rewritten:
                        body = NewBody();
                        continue;
                    case Refusal.Again:
                        passing = true;
                        break;
                }
            }
            if (!passing || !await tries.AgainAsync(CancellationToken.None))
                throw Failed("TransactWriteItems", answer);
        }

        ReadOnlyMemory<byte> NewBody() => transaction.Body(Guid.NewGuid().ToString("N"));
    }

    public AwsTries Tries() => new(patience, time);

    /// <summary>The words of AWS may quote what was sent; its code does not.</summary>
    private static StoreUnavailableException Failed(string operation, AwsAnswer answer) => new(answer.Error switch
    {
        "ResourceNotFoundException" => $"DynamoDB has no such table ({operation}). Compare the tables' names and the region with the settings.",
        "AccessDeniedException" => $"The role may not do this with the table ({operation}).",
        _ => $"DynamoDB did not carry out {operation}: {answer.Error}.",
    });
}
