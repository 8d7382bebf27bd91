using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Security;

/// <summary>How a fixed choice is written in requests and answers: camelCase words, never numbers.</summary>
internal sealed class WireEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false) where T : struct, Enum;
