using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Telemetry;

/// <summary>
/// An address, name or text of a person on its way through code that may log: whatever writes it, as text, in a format, within a record or as JSON,
/// writes stars. Who needs the value asks for it by name.
/// </summary>
[JsonConverter(typeof(Masked))]
internal readonly struct Personal(string value) : ISpanFormattable, IEquatable<Personal>
{
    public const string Mask = "***";

    private readonly string? _value = value;

    public string Reveal() => _value ?? "";

    public override string ToString() => Mask;

    public string ToString(string? format, IFormatProvider? formatProvider) => Mask;

    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        charsWritten = Mask.TryCopyTo(destination) ? Mask.Length : 0;
        return charsWritten > 0;
    }

    public bool Equals(Personal other) => string.Equals(_value, other._value, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is Personal other && Equals(other);

    public override int GetHashCode() => _value is null ? 0 : string.GetHashCode(_value, StringComparison.Ordinal);

    public static bool operator ==(Personal left, Personal right) => left.Equals(right);

    public static bool operator !=(Personal left, Personal right) => !left.Equals(right);

    private sealed class Masked : JsonConverter<Personal>
    {
        public override Personal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new JsonException("It is never read back.");

        public override void Write(Utf8JsonWriter writer, Personal value, JsonSerializerOptions options) => writer.WriteStringValue(Mask);
    }
}
