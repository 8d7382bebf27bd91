using System.Text;
using System.Text.RegularExpressions;
using ReplyMint.Console;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The one script of the console makes pages quicker and nothing more: it writes no markup, hears no other page and keeps nothing that somebody said.</summary>
public sealed partial class ConsoleScriptTests
{
    // As a browser gets it.
    private static readonly string Script = Encoding.UTF8.GetString(Assets.Script.Bytes);

    [Fact]
    public void It_keeps_one_word_in_the_browser_and_that_is_none_of_anybodys()
    {
        Assert.Equal(["localStorage.getItem(\"keys\")", "localStorage.setItem(\"keys\", off.checked ? \"off\" : \"on\")"], Kept().Matches(Script).Select(match => match.Value));
        Assert.DoesNotMatch(@"sessionStorage|indexedDB|\bcaches\b|document\.cookie|cookieStore", Script);
    }

    /// <summary>What comes to it is put onto the page as text, or into a field.</summary>
    [Fact]
    public void It_writes_no_markup_and_runs_no_text() =>
        Assert.DoesNotMatch(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTML|DOMParser|\beval\b|\bFunction\b|set(Timeout|Interval)\(\s*[""'`]", Script);

    /// <summary>No member is named by what somebody sent, so that nobody reaches what all objects share.</summary>
    [Fact]
    public void It_hears_no_other_page_and_reads_no_objects_that_somebody_sent() =>
        Assert.DoesNotMatch(@"postMessage|addEventListener\(""message""|JSON\.parse|\.json\(\)|Object\.assign|__proto__|prototype|window\.open|location\.(href|assign|replace)|location\s*=", Script);

    [GeneratedRegex(@"localStorage[^;,]*?\([^)]*\)")]
    private static partial Regex Kept();
}
