using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Security;

/// <summary>How a fixed choice is written in requests and answers: camelCase words, never numbers.</summary>
internal sealed class WireEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false) where T : struct, Enum;

/// <summary>The same words in a query.</summary>
internal static class WireWord
{
    public static string Of<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>Null is not asked for; a word that is none is an answer for the caller.</summary>
    public static Problem? Read<T>(string member, string? word, out T? value) where T : struct, Enum
    {
        value = word is null ? null : Find<T>(word);
        return word is null || value is not null ? null : Problem.Of(member, $"must be one of {string.Join(", ", Enum.GetValues<T>().Select(Of))}");
    }

    /// <summary>Several at once, each named once.</summary>
    public static Problem? Read<T>(string member, IReadOnlyList<string>? words, out HashSet<T> values) where T : struct, Enum
    {
        values = [];
        foreach (var word in words ?? [])
        {
            if (Read<T>(member, word, out var value) is { } wrong)
                return wrong;
            values.Add(value!.Value);
        }
        return null;
    }

    public static T? Find<T>(string word) where T : struct, Enum
    {
        foreach (var known in Enum.GetValues<T>())
            if (Of(known) == word)
                return known;
        return null;
    }
}
