using System.Globalization;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>What pages are put together from. Fields have their label, and what helps stands where a screen reader finds it.</summary>
internal static class Parts
{
    /// <summary>So many columns stand on a desk with room between them.</summary>
    private const int Roomy = 6;

    /// <summary>A page's heading, with the one thing that people come for beside it.</summary>
    public static void Head(this Html html, string title, string link = "", string label = "")
    {
        html.Add($"""<div class="head"><h1>{title}</h1>""");
        if (link.Length > 0)
            html.Add($"""<a class="button main" href="{link}">{label}</a>""");
        html.Add($"""</div>""");
    }

    public static void Tabs(this Html html, string label, string current, params ReadOnlySpan<(string Path, string Label)> tabs)
    {
        html.Add($"""<nav aria-label="{label}"><ul class="tabs">""");
        foreach (var (path, name) in tabs)
        {
            html.Add($"""<li><a href="{path}" """);
            if (path == current)
                html.Add($"""aria-current="page" """);
            html.Add($""">{name}</a></li>""");
        }
        html.Add($"""</ul></nav>""");
    }

    /// <summary>Nothing is there: what that means, and what to do.</summary>
    public static void Empty(this Html html, Speech say, string word) =>
        html.Add($"""<section class="card empty"><p>{say[word]}</p><p class="muted">{say[word + ".do"]}</p></section>""");

    public static void Line(this Html html, string name, string label, string value = "", int most = 200, string help = "", string type = "text", bool needed = false)
    {
        Label(html, name, label);
        html.Add($"""<input id="{name}" name="{name}" type="{type}" value="{value}" maxlength="{most}" autocomplete="off" """);
        Close(html, name, help, needed);
    }

    public static void Number(this Html html, string name, string label, int value, int least, int most, string help = "")
    {
        Label(html, name, label);
        html.Add($"""<input id="{name}" name="{name}" type="number" inputmode="numeric" value="{value}" min="{least}" max="{most}" """);
        Close(html, name, help, needed: true);
    }

    public static void Area(this Html html, string name, string label, string value = "", int most = 1000, string help = "", bool needed = false, int rows = 4)
    {
        Label(html, name, label);
        html.Add($"""<textarea id="{name}" name="{name}" maxlength="{most}" rows="{rows}" class="short" """);
        if (help.Length > 0)
            html.Add($"""aria-describedby="{name}-help" """);
        if (needed)
            html.Add($"""required""");
        // A browser leaves out the first line end of a text area.
        html.Add($"""
            >
            {value}</textarea>
            """);
        Help(html, name, help);
    }

    public static void Choice(this Html html, string name, string label, string chosen, IEnumerable<(string Value, string Label)> of, string help = "")
    {
        Label(html, name, label);
        html.Add($"""<select id="{name}" name="{name}" """);
        if (help.Length > 0)
            html.Add($"""aria-describedby="{name}-help" """);
        html.Add($""">""");
        foreach (var (value, text) in of)
        {
            html.Add($"""<option value="{value}" """);
            if (value == chosen)
                html.Add($"""selected""");
            html.Add($""">{text}</option>""");
        }
        html.Add($"""</select>""");
        Help(html, name, help);
    }

    public static void Tick(this Html html, string name, string label, bool ticked, string value = "on")
    {
        html.Add($"""<label class="tick"><input type="checkbox" name="{name}" value="{value}" """);
        if (ticked)
            html.Add($"""checked""");
        html.Add($"""> <span>{label}</span></label>""");
    }

    public static void Hidden(this Html html, string name, string value) => html.Add($"""<input type="hidden" name="{name}" value="{value}">""");

    /// <summary>The table's own name is for those who don't see where it stands.</summary>
    public static void Table(this Html html, string name, params ReadOnlySpan<string> columns)
    {
        html.Add($"""<div class="{(columns.Length > Roomy ? "table close" : "table")}" role="region" aria-label="{name}" tabindex="0"><table><thead><tr>""");
        foreach (var column in columns)
        {
            // What a row lets one do needs no name, and an empty heading would be read as one.
            if (column.Length == 0)
                html.Add($"""<td></td>""");
            else
                html.Add($"""<th scope="col">{column}</th>""");
        }
        html.Add($"""</tr></thead><tbody>""");
    }

    public static void EndTable(this Html html) => html.Add($"""</tbody></table></div>""");

    /// <summary>A figure with its name.</summary>
    public static void Figure(this Html html, string name, string value) => html.Add($"""<div class="figure"><dt>{name}</dt><dd>{value}</dd></div>""");

    /// <summary>A command for whoever works at the machine; where the product is developed also as the project's own script takes it.</summary>
    public static void Command(this Html html, PageCall call, string command)
    {
        html.Add($"""<pre>replymint {command}</pre>""");
        if (call.Get<HttpSettings>().Environment == DeploymentEnvironment.Development)
            html.Add($"""<p class="muted">{call.Say["part.run-sh"]}</p><pre>./run.sh {command}</pre>""");
    }

    /// <summary>Asks before something is done that can't be undone.</summary>
    public static async Task ConfirmAsync(this PageCall call, string place, string title, string what, string text, string action, string back)
    {
        var html = await call.BeginAsync(title, place);
        html.Add($"""<section class="card narrow"><h1>{title}</h1><p><strong><bdi>{what}</bdi></strong></p><p>{text}</p>""");
        html.Form(call, action);
        html.Add($"""<button class="bad">{title}</button></form><p><a class="button" href="{back}">{call.Say["part.back"]}</a></p></section>""");
        await call.ShowAsync(html);
    }

    public static string Of(this Speech say, DateTimeOffset? at) => at is { } moment ? say.Time(moment) : "–";

    public static string Text(this long number) => number.ToString("N0", CultureInfo.InvariantCulture).Replace(',', ' ');

    private static void Label(Html html, string name, string label) => html.Add($"""<label for="{name}">{label}</label>""");

    private static void Close(Html html, string name, string help, bool needed)
    {
        if (help.Length > 0)
            html.Add($"""aria-describedby="{name}-help" """);
        if (needed)
            html.Add($"""required""");
        html.Add($""">""");
        Help(html, name, help);
    }

    private static void Help(Html html, string name, string help)
    {
        if (help.Length > 0)
            html.Add($"""<p class="help" id="{name}-help">{help}</p>""");
    }
}
