using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>One write of a transaction as expressions. Values stand in <c>ExpressionAttributeValues</c>, none is joined into a text.</summary>
/// <param name="verb">Update, Delete or ConditionCheck.</param>
internal sealed class DynamoWrite(string verb, ItemKey key)
{
    private readonly List<string> _sets = [], _removes = [];
    private readonly List<(string Name, Int128 Number)> _numbers = [];
    private readonly List<(string Name, ReadOnlyMemory<byte> Bytes)> _bytes = [];
    private string? _condition;
    private bool _showsOld;

    public DynamoWrite When(string condition)
    {
        _condition = condition;
        return this;
    }

    /// <summary>Gives a name that stands in an expression its value; each must be used, and only once given.</summary>
    public DynamoWrite With(string name, Int128 number)
    {
        if (!_numbers.Exists(other => other.Name == name))
            _numbers.Add((name, number));
        return this;
    }

    public DynamoWrite Set(string attribute, string expression)
    {
        _sets.Add($"{attribute} = {expression}");
        return this;
    }

    public DynamoWrite Remove(string attribute)
    {
        _removes.Add(attribute);
        return this;
    }

    public DynamoWrite SetBytes(string attribute, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
            return Remove(attribute);
        _bytes.Add((":" + attribute, bytes));
        return Set(attribute, ":" + attribute);
    }

    public DynamoWrite SetExpiry(DateTimeOffset? expires)
    {
        if (expires is not { } end)
            return Remove(DynamoTables.Expires).Remove(DynamoTables.Gone);
        var milliseconds = end.ToUnixTimeMilliseconds();
        return Set(DynamoTables.Expires, ":exp").With(":exp", milliseconds)
            .Set(DynamoTables.Gone, ":gone").With(":gone", (milliseconds + 999) / 1000 + DynamoTables.Spare);
    }

    /// <summary>Asks for the item as it is, should the condition fail.</summary>
    public DynamoWrite ShowOld()
    {
        _showsOld = true;
        return this;
    }

    public void WriteTo(Utf8JsonWriter json, DynamoTables tables)
    {
        json.WriteStartObject();
        json.WriteStartObject(verb);
        json.WriteString("TableName", tables.NameOf(key.Table));
        DynamoItems.WriteKey(json, "Key", key.Partition, key.Sort);
        if (_sets.Count + _removes.Count > 0)
            json.WriteString("UpdateExpression", string.Join(' ', [.. Part("SET", _sets), .. Part("REMOVE", _removes)]));
        if (_condition is not null)
            json.WriteString("ConditionExpression", _condition);
        if (_showsOld)
            json.WriteString("ReturnValuesOnConditionCheckFailure", "ALL_OLD");
        if (_numbers.Count + _bytes.Count > 0)
        {
            json.WriteStartObject("ExpressionAttributeValues");
            foreach (var (name, number) in _numbers)
                DynamoItems.WriteNumber(json, name, number);
            foreach (var (name, bytes) in _bytes)
            {
                json.WriteStartObject(name);
                json.WriteBase64String("B", bytes.Span);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string[] Part(string word, List<string> parts) => parts.Count == 0 ? [] : [$"{word} {string.Join(", ", parts)}"];
}
