using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>An entry of the navigation; shown to who may open it.</summary>
internal sealed record NavEntry(string Name, string Path, Permission Permission);

/// <summary>What stands around every page.</summary>
internal static class Frame
{
    /// <summary>
    /// Our own files and nothing else; no inline code, no base, no frame, and text stays text for the script, too. The one script is
    /// named by the answer's nonce and not by this host: what somebody may have uploaded here is no script.
    /// </summary>
    /// <param name="connects">An origin that the page's script may call beside this one, such as a bucket's.</param>
    public static string Policy(string nonce, string? connects = null) =>
        $"default-src 'none'; style-src 'self'; script-src 'nonce-{nonce}'; img-src 'self'; connect-src 'self'{(connects is null ? "" : " " + connects)}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    /// <summary>One line a page. Its word is "nav." and its name.</summary>
    private static readonly NavEntry[] Nav =
    [
        new("inbox", "/console/inbox", Permission.MessagesRead),
        new("knowledge", "/console/knowledge", Permission.KnowledgeRead),
        new("mailboxes", "/console/mailboxes", Permission.MailboxesRead),
        new("people", "/console/people", Permission.MembersRead),
        new("usage", "/console/usage", Permission.UsageRead),
        new("privacy", "/console/privacy", Permission.PrivacyRead),
        new("safety", "/console/safety", Permission.AlertsRead),
        new("tenants", "/console/tenants", Permission.TenantsRead),
    ];

    /// <summary>Where somebody lands who may not open more than this; the first page that he may.</summary>
    public static string HomeOf(Caller caller) => Array.Find(Nav, entry => caller.May.Has(entry.Permission))?.Path ?? "/console/view";

    public static void Begin(Html html, PageCall call, string title, string place)
    {
        var say = call.Say;
        html.Add($"""
            <!doctype html>
            <html lang="{say.Language}" data-zone="{say.Zone}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="robots" content="noindex">
            <title>{title} · ReplyMint</title>
            <link rel="icon" href="{Assets.Icon.Path}" type="image/svg+xml">
            <link rel="stylesheet" href="{Assets.Style.Path}" integrity="{Assets.Style.Integrity}">
            <script src="{Assets.Script.Path}" integrity="{Assets.Script.Integrity}" nonce="{call.Nonce}" defer></script>
            </head>
            <body>
            <a class="skip" href="#main">{say["frame.skip"]}</a>

            """);
        if (call.Reader is { } reader)
            Navigation(html, call, reader, place);
        else
            html.Add($"""<header class="bar"><a class="brand" href="/console"><img src="{Assets.Icon.Path}" alt="" width="28" height="28">ReplyMint</a></header>""");
        html.Add($"""<main id="main" tabindex="-1">""");
        Told(html, call);
    }

    public static void End(Html html, PageCall call)
    {
        var say = call.Say;
        html.Add($"""
            </main>

            """);
        if (call.Reader is not null)
            html.Add($"""
                <footer><a href="/console/view">{say["view.title"]}</a> · <a href="{PasskeyPages.Home}">{say["factors.title"]}</a> <button type="button" class="quiet" id="show-keys" hidden>{say["keys.title"]}</button></footer>
                <dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">{say["keys.title"]}</h2>
                <dl class="facts"><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>{say["keys.move"]}</dd><dt><kbd>a</kbd></dt><dd>{say["draft.approve"]}</dd><dt><kbd>e</kbd></dt><dd>{say["draft.edit"]}</dd>
                <dt><kbd>r</kbd></dt><dd>{say["draft.reject"]}</dd><dt><kbd>u</kbd></dt><dd>{say["mail.back"]}</dd><dt><kbd>?</kbd></dt><dd>{say["keys.title"]}</dd></dl>
                <p><label class="tick"><input type="checkbox" id="keys-off"> {say["keys.off"]}</label></p><form method="dialog"><button>{say["keys.close"]}</button></form></dialog>
                """);
        html.Add($"""
            </body>
            </html>

            """);
    }

    /// <summary>Begins a form that changes something; its fields and its end are the page's.</summary>
    public static void Form(this Html html, PageCall call, string action, string style = "") =>
        html.Add($"""<form method="post" action="{action}" class="{style}"><input type="hidden" name="{PageForms.Field}" value="{call.Token}">""");

    /// <summary>A form that is one button.</summary>
    /// <param name="html">Where to.</param>
    /// <param name="call">The page.</param>
    /// <param name="action">Where it goes.</param>
    /// <param name="label">What stands on it.</param>
    /// <param name="style">How it looks.</param>
    /// <param name="of">Which of several things it is about, for those who hear buttons one by one.</param>
    public static void Button(this Html html, PageCall call, string action, string label, string style = "", string of = "")
    {
        html.Form(call, action, style: "inline");
        html.Add($"""<button class="{style}" """);
        if (of.Length > 0)
            html.Add($"""aria-label="{label}: {of}" """);
        html.Add($""">{label}</button></form>""");
    }

    public static void Time(this Html html, PageCall call, DateTimeOffset at) =>
        html.Add($"""<time datetime="{at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture)}">{call.Say.Time(at)}</time>""");

    private static void Navigation(Html html, PageCall call, Caller reader, string place)
    {
        var say = call.Say;
        html.Add($"""
            <header class="bar"><a class="brand" href="/console"><img src="{Assets.Icon.Path}" alt="" width="28" height="28">ReplyMint</a>
            <nav aria-label="{say["frame.pages"]}"><ul>
            """);
        foreach (var entry in Nav)
            if (reader.May.Has(entry.Permission) && !reader.LacksFactor)
            {
                html.Add($"""<li><a href="{entry.Path}" """);
                if (entry.Name == place)
                    html.Add($"""aria-current="page" """);
                html.Add($""">{say["nav." + entry.Name]}</a></li>""");
            }
        html.Add($"""</ul></nav><div class="me">""");
        html.Button(call, "/console/sign-out", say["frame.sign-out"], "quiet");
        html.Add($"""</div></header>""");
    }

    /// <summary>
    /// What was done on the page before: a word of ours, never the address's own. Whoever goes by keys goes on from there, past the
    /// navigation, and a screen reader reads it; before sign-in the field is what he comes for.
    /// </summary>
    private static void Told(Html html, PageCall call)
    {
        if (call.Query("done") is not { Length: > 0 } done || !Speech.Has("done." + done))
            return;
        html.Add($"""<p class="told" role="status" """);
        if (call.Reader is not null)
            html.Add($"""tabindex="-1" autofocus""");
        html.Add($""">{call.Say["done." + done]}</p>""");
    }
}
