using System.Buffers;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>What DynamoDB's refusal of a transaction means.</summary>
internal enum Refusal
{
    /// <summary>A condition of the commit does not hold.</summary>
    Conflict,
    /// <summary>Somebody else's write was under way: the same again.</summary>
    Again,
    /// <summary>An item was not as the write took it to be: the transaction says it otherwise now, and is another one.</summary>
    Rewritten,
    /// <summary>Something else.</summary>
    Invalid,
}

/// <summary>
/// A commit as one TransactWriteItems. An expression can't say "start anew if the item is over", so a write without a condition takes
/// the item to be there or absent, and says so in a condition; only when that fails, because an item is over and not removed yet, it is
/// written as the first of a new item, on condition that this is so.
/// </summary>
/// <param name="at">The instant that an item's expiry is held against. Asked once: the same token with another text is refused.</param>
internal sealed class DynamoTransaction(IReadOnlyList<Operation> operations, DynamoTables tables, Func<ItemKey, DateTimeOffset> at)
{
    private const string Version = DynamoTables.Version, Count = DynamoTables.Count, Expires = DynamoTables.Expires;
    private const string NotOver = $"(attribute_not_exists({Expires}) OR {Expires} > :now)";
    private const string There = $"attribute_exists({Version}) AND {NotOver}";
    private const string Absent = $"(attribute_not_exists({Version}) OR {Expires} <= :now)";
    private const string AsRead = $"{Version} = :ver AND {NotOver}";

    // A write can be right about its item once, wrong once, and meet a third change; more means that it is fought over.
    private const int MaxRewrites = 3;

    private readonly long[] _now = [.. operations.Select(operation => at(operation.Key).ToUnixTimeMilliseconds())];
    private readonly bool[] _anew = new bool[operations.Count];
    private readonly List<int> _asked = [.. Enumerable.Range(0, operations.Count).Where(i => operations[i] is not { Kind: OperationKind.Check, Condition.Kind: ConditionKind.Any })];
    private int _rewrites;

    /// <summary>Nothing is written and nothing is asked.</summary>
    public bool IsEmpty => _asked.Count == 0;

    public ReadOnlyMemory<byte> Body(string token)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("ClientRequestToken", token);
            json.WriteStartArray("TransactItems");
            foreach (var i in _asked)
                (_anew[i] ? Anew(operations[i], _now[i]) : Usual(operations[i], _now[i])).WriteTo(json, tables);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    /// <param name="answer">Of a TransactionCanceledException: one reason for each write, in their order.</param>
    public Refusal Read(JsonElement answer)
    {
        if (!answer.TryGetProperty("CancellationReasons", out var reasons) || reasons.GetArrayLength() != _asked.Count)
            return Refusal.Invalid;
        var (again, invalid, wrong) = (false, false, new List<int>());
        var place = 0;
        foreach (var reason in reasons.EnumerateArray())
        {
            var i = _asked[place++];
            switch (reason.TryGetProperty("Code", out var code) ? code.GetString() : "None")
            {
                case "None":
                    break;
                case "ConditionalCheckFailed" when IsConflict(i, reason):
                    return Refusal.Conflict;
                case "ConditionalCheckFailed":
                    wrong.Add(i);
                    break;
                case "TransactionConflict" or "ThrottlingError" or "ProvisionedThroughputExceeded":
                    again = true;
                    break;
                default:
                    invalid = true;
                    break;
            }
        }
        if (invalid)
            return Refusal.Invalid;
        if (wrong.Count == 0)
            return again ? Refusal.Again : Refusal.Invalid;
        if (_rewrites++ == MaxRewrites)
            return Refusal.Conflict;
        foreach (var i in wrong)
            _anew[i] = !_anew[i];
        return Refusal.Rewritten;
    }

    /// <summary>Whether the failed condition is the commit's own, and not just our word for how the item stands.</summary>
    private bool IsConflict(int i, JsonElement reason)
    {
        var operation = operations[i];
        if (operation.Kind is OperationKind.Check or OperationKind.Delete or OperationKind.Change || operation.Condition.Kind != ConditionKind.Any)
            return true;
        if (operation is not { Kind: OperationKind.Add, Limit: { } limit } || _anew[i])
            return false;
        // Over, the counter starts at 0; else the limit stood in the way.
        var isOver = reason.TryGetProperty("Item", out var old) && old.TryGetProperty(Version, out _) && DynamoItems.Read(operation.Key.Table, old).Expires?.ToUnixTimeMilliseconds() <= _now[i];
        return !isOver || operation.Amount > limit;
    }

    private static DynamoWrite Usual(in Operation operation, long now) => operation.Kind switch
    {
        OperationKind.Put when operation.Condition.Kind == ConditionKind.Absent => Anew(operation, now),
        OperationKind.Put => Contents(Next(operation, now), operation).SetExpiry(operation.Expires),
        OperationKind.Change => Contents(Next(operation, now), operation),
        OperationKind.Add => Added(operation, now),
        OperationKind.Expire => Update(operation).SetExpiry(operation.Expires).When(There).With(":now", now),
        OperationKind.Delete => Asked(new("Delete", operation.Key), operation.Condition, now),
        OperationKind.Check => Asked(new("ConditionCheck", operation.Key), operation.Condition, now),
        _ => throw new InvalidOperationException("Unknown operation."),
    };

    /// <summary>The item is absent, or over: what is left of it goes.</summary>
    private static DynamoWrite Anew(in Operation operation, long now)
    {
        // Of an item that is not there no expiry is moved; but it must not be there.
        if (operation.Kind == OperationKind.Expire)
            return Asked(new("ConditionCheck", operation.Key), Condition.Absent, now);
        var write = Asked(Contents(Update(operation), operation), Condition.Absent, now).SetExpiry(operation.Expires).Set(Version, ":one").With(":one", 1);
        return operation.Kind == OperationKind.Add ? write.Set(Count, ":amount").With(":amount", operation.Amount) : write.Remove(Count);
    }

    private static DynamoWrite Next(in Operation operation, long now)
    {
        var write = Update(operation).With(":one", 1);
        return operation.Condition.Kind == ConditionKind.Version
            ? Asked(write, operation.Condition, now).Set(Version, $"{Version} + :one")
            : NextOfAny(write).When(NotOver).With(":now", now);
    }

    private static DynamoWrite Added(in Operation operation, long now)
    {
        var write = NextOfAny(Update(operation).With(":one", 1)).Set(Count, $"if_not_exists({Count}, :zero) + :amount").With(":amount", operation.Amount)
            .SetExpiry(operation.Expires).With(":now", now);
        if (operation.Limit is not { } limit)
            return write.When(NotOver);
        // An absent count is 0, which the limit may already be too low for.
        var room = $"({Count} <= :room{(operation.Amount <= limit ? $" OR attribute_not_exists({Count})" : "")})";
        return write.When($"{room} AND {NotOver}").With(":room", (Int128)limit - operation.Amount).ShowOld();
    }

    private static DynamoWrite NextOfAny(DynamoWrite write) => write.Set(Version, $"if_not_exists({Version}, :zero) + :one").With(":zero", 0);

    private static DynamoWrite Asked(DynamoWrite write, Condition condition, long now) => condition.Kind switch
    {
        ConditionKind.Any => write,
        ConditionKind.Absent => write.When(Absent).With(":now", now),
        ConditionKind.Version => write.When(AsRead).With(":now", now).With(":ver", condition.Version),
        _ => throw new InvalidOperationException("Unknown condition."),
    };

    private static DynamoWrite Update(in Operation operation) => new("Update", operation.Key);

    private static DynamoWrite Contents(DynamoWrite write, in Operation operation) =>
        write.SetBytes(DynamoTables.Value, operation.Value).SetBytes(DynamoTables.Sealed, operation.Sealed);
}
