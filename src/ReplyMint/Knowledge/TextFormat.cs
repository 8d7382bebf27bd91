using System.Text;
using System.Text.Json;

namespace ReplyMint.Knowledge;

/// <summary>
/// Whether a text is what its name's end says, as far as its form shows it: a page or what a program wrote would else be read as
/// sentences, and answered with tags and names of members. JSON lines are asked line by line where they are read.
/// </summary>
internal static class TextFormat
{
    private static readonly string[] s_pages = ["<!doctype html", "<html", "<head", "<body"];

    /// <summary>What is wrong, for a person; null when the text may be what the name says.</summary>
    public static string? Wrong(string end, string text)
    {
        var (form, instead) = FormOf(text);
        var agrees = end.ToUpperInvariant() switch
        {
            ".JSONL" or ".NDJSON" => true,
            ".HTML" or ".HTM" => form is "" or Html or Xml,
            _ => form.Length == 0,
        };
        return agrees ? null : $"is {form}, though its name ends in {end}. {instead}";
    }

    private const string Html = "HTML";
    private const string Xml = "XML";

    private static (string Form, string Instead) FormOf(string text)
    {
        var begins = text.AsSpan().TrimStart();
        if (begins.StartsWith("{\\rtf", StringComparison.Ordinal))
            return ("RTF", "Save it as plain text.");
        if (begins.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase))
            return (Xml, "Take its text out.");
        foreach (var page in s_pages)
            if (begins.StartsWith(page, StringComparison.OrdinalIgnoreCase) && (begins.Length == page.Length || !char.IsAsciiLetterOrDigit(begins[page.Length])))
                return (Html, "Name it .html.");
        return begins is ['{' or '[', ..] && IsJson(begins) ? ("JSON", "Name it .jsonl, with one object a line.") : ("", "");
    }

    /// <summary>One value or several, and nothing else: a link of Markdown begins with a bracket, too.</summary>
    private static bool IsJson(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var reader = new Utf8JsonReader(bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes)), new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            while (reader.Read())
            {
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
