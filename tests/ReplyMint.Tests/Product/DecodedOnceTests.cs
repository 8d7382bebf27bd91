using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Inbound;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>What was encoded twice is decoded once: what is left is text, and names nothing that the checks before it did not see.</summary>
public sealed class DecodedOnceTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Paths_and_queries()
    {
        await using var host = await ProductHost.StartAsync();
        using var admin = await host.ClientAsync(Role.Admin);
        var id = host.Mailbox.Id;
        var (once, twice) = ($"%{(int)id[0]:x2}{id[1..]}", $"%25{(int)id[0]:x2}{id[1..]}");
        Assert.Equal(200, await AskAsync("/api/v1/mailboxes/" + once));
        Assert.Equal(404, await AskAsync("/api/v1/mailboxes/" + twice));
        Assert.Equal(200, await AskAsync("/api/v1/%6de"));
        foreach (var path in (string[])["/api/v1/%256de", "/console/%252e%252e/api/v1/me", "/health/%252e%252e/%252e%252e/api/v1/me", "/api%252fv1%252fme", "/api/v1/mailboxes/x%252f..%252f..%252fme"])
            Assert.Equal(404, await AskAsync(path));
        Assert.Equal(200, await AskAsync("/api/v1/messages?mailbox=" + once));
        Assert.Equal(400, await AskAsync("/api/v1/messages?mailbox=" + twice));
        // A name of a parameter is decoded once, too: what is left is one that nobody knows.
        Assert.Equal(400, await AskAsync("/api/v1/messages?%256dailbox=" + id));

        using var browser = await ConsoleClient.SignedInAsync(host);
        var page = (await browser.GetAsync("/console/inbox?view=all&q=%2526lt%253Bb%2526gt%253B%26amp%3B")).Expect(200).Html;
        Assert.Contains("value=\"%26lt%3Bb%26gt%3B&amp;amp;\"", page, StringComparison.Ordinal);
        async Task<int> AskAsync(string path)
        {
            using var answer = await admin.GetAsync(new Uri(host.Http.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), Ct);
            return (int)answer.StatusCode;
        }
    }

    [Fact]
    public async Task Mails_their_bodies_headers_and_names_of_files()
    {
        await using var host = await ProductHost.StartAsync(m => m with { FixedAnswer = "We open at nine." });
        const string word = "=?utf-8?q?inner?=";
        var encoded = $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(word))}?=";
        var parts = new (string Type, string Encoding, string Body, string Name)[]
        {
            ("text/plain", "quoted-printable", "Open =3D41=3D42 &amp;lt;b&amp;gt; %2541?", ""),
            ("application/octet-stream", "base64", Convert.ToBase64String("QUJD"u8), "filename*=utf-8''a%252Fb%252500.txt"),
            ("application/octet-stream", "base64", Convert.ToBase64String("QUJD"u8), $"filename=\"{encoded}.txt\""),
        };
        var mail = host.Mail("?", subject: encoded, extra: "MIME-Version: 1.0").Replace("From: Anna Example", "From: " + encoded, StringComparison.Ordinal)
            .Replace("Content-Type: text/plain; charset=utf-8\r\n\r\n?\r\n", $"Content-Type: multipart/mixed; boundary=m\r\n\r\n{string.Concat(parts.Select(part => $"--m\r\nContent-Type: {part.Type}\r\nContent-Transfer-Encoding: {part.Encoding}\r\n{(part.Name.Length > 0 ? $"Content-Disposition: attachment; {part.Name}\r\n" : "")}\r\n{part.Body}\r\n"))}--m--\r\n", StringComparison.Ordinal);
        var message = await host.DeliverAndDecideAsync(mail);
        Assert.Equal((word, word), (message.Summary.Subject, message.Summary.From.Name));
        using var admin = await host.ClientAsync(Role.Admin);
        var text = JsonNode.Parse(await admin.GetStringAsync(new Uri($"{RouteGroups.ApiRoot}/messages/{message.Id}", UriKind.Relative), Ct))!["text"]!;
        Assert.Equal("Open =41=42 &amp;lt;b&amp;gt; %2541?", ((string)text["text"]!).Trim());
        Assert.Equal(["a%2Fb%2500.txt", word + ".txt"], text["attachments"]!.AsArray().Select(one => (string)one!["fileName"]!));
        Assert.All(text["attachments"]!.AsArray(), one => Assert.Equal(4, (long)one!["size"]!));
        // The answer says it again, so that it is read as what it was.
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.Equal("Re: " + word, (await host.AnswerAsync(message)).Subject);

        using var browser = await ConsoleClient.SignedInAsync(host);
        var page = (await browser.GetAsync("/console/inbox/" + message.Id)).Expect(200).Html;
        Assert.Contains("Open =41=42 &amp;amp;lt;b&amp;amp;gt; %2541?", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Html_forms_and_json()
    {
        await using var host = await ProductHost.StartAsync(m => m with { Mode = MailboxMode.Draft });
        using var admin = await host.ClientAsync(Role.Admin);
        // HTML alone is read as text: its references once, so that what they spell is no markup.
        var html = await host.DeliverAndDecideAsync(host.Mail("<p>Open &amp;lt;img src=x&amp;gt; &amp;amp;#60;b&amp;amp;#62;?</p>").Replace("text/plain", "text/html", StringComparison.Ordinal));
        Assert.Equal("Open &lt;img src=x&gt; &amp;#60;b&amp;#62;?", await TextAsync(html));

        // As Mailgun posts it: the form's own encoding is taken off, the text's is not.
        var channel = await host.Get<Channels>().AddAsync(host.Tenant.Id, "mailgun", MailgunHost.ChannelKey, Actor.Machine, Ct);
        using var http = host.Client();
        var known = (await host.ListAsync()).Select(message => message.Id).ToHashSet();
        using var form = new FormUrlEncodedContent([.. MailgunForm.Mail(ProductHost.Address, text: "Open %41%2541 +1 =3D?"), .. MailgunForm.Sign(MailgunHost.ChannelKey, host.Time.GetUtcNow(), new string('a', 50))]);
        using (var answer = await http.PostAsync(new Uri($"/webhooks/mailgun/{channel.Id}/inbound", UriKind.Relative), form, Ct))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var posted = await host.DecidedAsync((await host.ListAsync()).Single(message => !known.Contains(message.Id)));
        Assert.Equal("Open %41%2541 +1 =3D?", await TextAsync(posted));

        const string name = """%41 \u0041 &amp;lt; =?utf-8?q?x?=""";
        using var named = await admin.PutAsync(new Uri(RouteGroups.ApiRoot + "/me/name", UriKind.Relative), new StringContent(new JsonObject { ["name"] = name }.ToJsonString(), Encoding.UTF8, "application/json"), Ct);
        Assert.Equal(name, (string)JsonNode.Parse(await named.Content.ReadAsStringAsync(Ct))!["name"]!);

        async Task<string> TextAsync(Message message) =>
            ((string)JsonNode.Parse(await admin.GetStringAsync(new Uri($"{RouteGroups.ApiRoot}/messages/{message.Id}", UriKind.Relative), Ct))!["text"]!["text"]!).Trim();
    }
}
