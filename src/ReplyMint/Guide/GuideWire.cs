using System.Net;
using System.Text;
using System.Text.Json;

namespace ReplyMint.Guide;

/// <summary>Where the running server is reached, as it knows itself.</summary>
/// <param name="Url">Of its first listener.</param>
/// <param name="Host">Which name to ask for there.</param>
/// <param name="StandsForProxy">Whoever asks from this machine is believed as a proxy.</param>
internal sealed record ServedAt(string Url, string Host, bool StandsForProxy, IReadOnlyList<string> Origins, string? Smtp, bool SmtpOffersTls);

/// <summary>What the store's side of the guide tells the side that prints: lines of JSON, by hand, since each type for the serializer costs room in the binary.</summary>
internal static class GuideWire
{
    public static string Write(ServedAt at) => Line(json =>
    {
        json.WriteString("url", at.Url);
        json.WriteString("host", at.Host);
        json.WriteBoolean("standsForProxy", at.StandsForProxy);
        json.WriteStartArray("origins");
        foreach (var origin in at.Origins)
            json.WriteStringValue(origin);
        json.WriteEndArray();
        if (at.Smtp is not null)
            json.WriteString("smtp", at.Smtp);
        json.WriteBoolean("smtpOffersTls", at.SmtpOffersTls);
    });

    public static string Write(Control control, int check, Outcome outcome) => Line(json =>
    {
        json.WriteString("id", control.Id);
        json.WriteNumber("check", check);
        json.WriteNumber("verdict", (int)outcome.Verdict);
        json.WriteString("evidence", outcome.Evidence);
    });

    /// <summary>Said while it runs: what is being done now.</summary>
    public static string Begun(string what) => Line(json => json.WriteString("begun", what));

    /// <summary>Null of a line that says something else.</summary>
    /// <exception cref="JsonException">It is not ours.</exception>
    public static string? BegunIn(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty("begun", out var what) ? what.GetString() : null;
    }

    /// <summary>Reads all lines.</summary>
    /// <exception cref="JsonException">They are not ours.</exception>
    public static (ServedAt? At, IReadOnlyDictionary<Check, Outcome> Outcomes) Read(string lines)
    {
        ServedAt? at = null;
        var outcomes = new Dictionary<Check, Outcome>();
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var document = JsonDocument.Parse(line);
            var json = document.RootElement;
            if (json.TryGetProperty("url", out var url))
                at = new(url.GetString()!, json.GetProperty("host").GetString()!, json.GetProperty("standsForProxy").GetBoolean(), [.. json.GetProperty("origins").EnumerateArray().Select(origin => origin.GetString()!)],
                    json.TryGetProperty("smtp", out var smtp) ? smtp.GetString() : null, json.GetProperty("smtpOffersTls").GetBoolean());
            else if (!json.TryGetProperty("begun", out _) && Catalogue.Find(json.GetProperty("id").GetString()!) is { } control)
                outcomes[control.Checks[json.GetProperty("check").GetInt32()]] = new((Verdict)json.GetProperty("verdict").GetInt32(), json.GetProperty("evidence").GetString()!);
        }
        return (at, outcomes);
    }

    /// <summary>The target that a running server describes.</summary>
    public static LiveTarget? TargetOf(ServedAt at, string? caller)
    {
        var url = new Uri(at.Url);
        return IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) || url.Host == "localhost"
            ? new LiveTarget
            {
                Url = url, Addresses = address is null ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [address], Host = at.Host, StandsForProxy = at.StandsForProxy, Origins = at.Origins, Caller = caller,
                Smtp = at.Smtp is null ? null : IPEndPoint.Parse(at.Smtp), SmtpOffersTls = at.SmtpOffersTls,
            }
            : null;
    }

    private static string Line(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
