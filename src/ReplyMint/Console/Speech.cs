using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using ReplyMint.Accounts;

namespace ReplyMint.Console;

/// <summary>
/// What a reader is told, in his language and his zone. All words stand in Words.txt, one line a sentence: its name, then English,
/// then German. How he wants it stands in a cookie that he sets on the page of that name; else his browser says the language.
/// </summary>
internal sealed class Speech
{
    public const string Cookie = "__Host-replymint-view";

    private static readonly Lazy<FrozenDictionary<string, (string En, string De)>> Words = new(Read);

    private readonly bool _german;
    private readonly TimeZoneInfo? _zone;

    private Speech(bool german, TimeZoneInfo? zone) => (_german, _zone) = (german, zone);

    public string Language => _german ? "de" : "en";

    /// <summary>As the reader chose it; empty leaves it to his browser's script, which knows.</summary>
    public string Zone => _zone?.Id ?? "";

    public static Speech Of(HttpRequest request)
    {
        var chosen = (PageCookies.Of(request, Cookie) ?? "").Split(':');
        var german = chosen[0] is "de" || (chosen[0] is not "en" && PrefersGerman(request.Headers.AcceptLanguage.ToString()));
        return new(german, chosen.Length == 2 ? FindZone(chosen[1]) : null);
    }

    /// <summary>A zone by its name in the IANA's database, such as Europe/Berlin; null when there is none.</summary>
    public static TimeZoneInfo? FindZone(string name) =>
        name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+') && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;

    public string this[string word] => Words.Value[word] is var (en, de) && _german ? de : en;

    public string this[string word, string with] => this[word].Replace("{0}", with, StringComparison.Ordinal);

    public string this[string word, long with] => this[word, with.ToString(CultureInfo.InvariantCulture)];

    public static bool Has(string word) => Words.Value.ContainsKey(word);

    /// <summary>A moment in the reader's zone; where none was chosen in UTC, and says so.</summary>
    public string Time(DateTimeOffset at)
    {
        var local = _zone is null ? at.ToUniversalTime() : TimeZoneInfo.ConvertTime(at, _zone);
        return local.ToString(_german ? "dd.MM.yyyy, HH:mm" : "d MMM yyyy, HH:mm", CultureInfo.InvariantCulture) + (_zone is null ? " UTC" : "");
    }

    private static bool PrefersGerman(string accepted)
    {
        // The first of the two that is named; weights are in that order with every browser.
        foreach (var part in accepted.Split(',', StringSplitOptions.TrimEntries))
            if (part.StartsWith("de", StringComparison.OrdinalIgnoreCase) || part.StartsWith("en", StringComparison.OrdinalIgnoreCase))
                return part[0] is 'd' or 'D';
        return false;
    }

    private static FrozenDictionary<string, (string, string)> Read()
    {
        var words = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(Assets.Read("Words.txt")).Split('\n'))
            if (line.Split(" = ", 2) is [{ } name, { } said] && said.Split(" | ", 2) is [{ } en, { } de])
                words.Add(name, (en, de));
        return words.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
