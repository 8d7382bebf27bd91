using System.Globalization;
using System.Text.Json;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>Items as DynamoDB's JSON shows them. What is empty or 0 is left out there.</summary>
internal static class DynamoItems
{
    /// <summary>It may be over.</summary>
    public static Item Read(Table table, JsonElement item)
    {
        var expires = item.TryGetProperty(DynamoTables.Expires, out var end) ? DateTimeOffset.FromUnixTimeMilliseconds(Number(end)) : (DateTimeOffset?)null;
        return new(
            new(table, Text(item, DynamoTables.Partition), Text(item, DynamoTables.Sort)),
            Bytes(item, DynamoTables.Value),
            Bytes(item, DynamoTables.Sealed),
            Number(item.GetProperty(DynamoTables.Version)),
            item.TryGetProperty(DynamoTables.Count, out var count) ? Number(count) : 0,
            expires);
    }

    public static string Text(JsonElement item, string name) => item.GetProperty(name).GetProperty("S").GetString()!;

    public static void WriteKey(Utf8JsonWriter json, string name, string partition, string sort)
    {
        json.WriteStartObject(name);
        WriteText(json, DynamoTables.Partition, partition);
        WriteText(json, DynamoTables.Sort, sort);
        json.WriteEndObject();
    }

    public static void WriteText(Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartObject(name);
        json.WriteString("S", value);
        json.WriteEndObject();
    }

    /// <summary>Numbers are text on the wire, with up to 38 digits.</summary>
    public static void WriteNumber(Utf8JsonWriter json, string name, Int128 value)
    {
        json.WriteStartObject(name);
        json.WriteString("N", value.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private static long Number(JsonElement value) => long.Parse(value.GetProperty("N").GetString()!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static ReadOnlyMemory<byte> Bytes(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetProperty("B").GetBytesFromBase64() : default(ReadOnlyMemory<byte>);
}
