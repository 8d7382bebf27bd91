using System.Net.Http.Headers;
using System.Text;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The pages of the knowledge, as an administrator and others use them.</summary>
public sealed class ConsoleKnowledgeTests
{
    private const string Home = "/console/knowledge";

    [Fact]
    public async Task An_answer_is_written_tried_and_removed_again()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        Assert.Contains("There is no knowledge yet.", (await browser.GetAsync(Home)).Expect(200).Html, StringComparison.Ordinal);
        var added = await browser.ActAsync(Home + "/add", Home + "/write", ("question", "How long does a parcel take?"), ("text", "A parcel takes three days.\n# Not a heading"));
        Assert.Equal(Home + "?done=knowledge-added", added.Expect(303).Location);
        var page = (await browser.GetAsync(added.Location!)).Expect(200);
        Assert.Contains("How long does a parcel take.md", page.Html, StringComparison.Ordinal);
        Assert.Contains("""<td class="number">1</td>""", page.Html, StringComparison.Ordinal);

        var tried = (await browser.ActAsync(Home, Home + "/try", ("question", "How long does my parcel take?"))).Expect(200).Html;
        Assert.Contains("What would be drafted", tried, StringComparison.Ordinal);
        Assert.Contains("A parcel takes three days.", tried, StringComparison.Ordinal);
        Assert.Contains("chip good", tried, StringComparison.Ordinal);
        var far = (await browser.ActAsync(Home, Home + "/try", ("question", "Do you sell violins from Cremona?"))).Expect(200).Html;
        Assert.Contains("Nothing: no passage fits", far, StringComparison.Ordinal);

        var remove = page.Html.Split('"').Single(part => part.EndsWith("/remove", StringComparison.Ordinal));
        Assert.Contains("How long does a parcel take.md", (await browser.GetAsync(remove)).Expect(200).Html, StringComparison.Ordinal);
        (await browser.ActAsync(remove, remove)).Expect(303);
        Assert.Contains("There is no knowledge yet.", (await browser.GetAsync(Home)).Html, StringComparison.Ordinal);
        (await browser.PostAsync(remove, [KeyValuePair.Create("_page", page.Token)])).Expect(404);
    }

    [Fact]
    public async Task A_file_is_uploaded_by_a_form_and_refused_where_it_holds_nothing()
    {
        await using var host = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var token = (await browser.GetAsync(Home + "/add")).Expect(200).Token;
        Assert.Equal(Home + "?done=knowledge-added", (await UploadAsync(browser, token, "faq.md", "# Do you deliver abroad?\n\nYes, to all of Europe.\n")).Expect(303).Location);
        Assert.Equal(Home + "?done=knowledge-unchanged", (await UploadAsync(browser, token, "faq.md", "# Do you deliver abroad?\n\nYes, to all of Europe.\n")).Expect(303).Location);
        Assert.Contains("The file holds nothing that can be taken.", (await UploadAsync(browser, token, "empty.md", " ")).Expect(422).Html, StringComparison.Ordinal);
        (await UploadAsync(browser, "x", "faq.md", "# Q\n\nA.")).Expect(403);
        (await browser.ActAsync(Home + "/add", Home + "/upload")).Expect(400);
        // Above the bound of other forms, and below that of files.
        (await UploadAsync(browser, token, "large.txt", string.Concat(Enumerable.Repeat("The same sentence once more.\n", 20_000)))).Expect(303);
    }

    [Fact]
    public async Task What_nobody_could_answer_is_shown_and_leads_to_writing_the_answer()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long does a parcel take?\n\nA parcel takes three days.\n");
        await host.DeliverAndDecideAsync(host.Mail("Do you repair old violins from Cremona?"));
        using var browser = await ConsoleClient.SignedInAsync(host, factor: true);
        var missing = (await browser.GetAsync(Home + "/missing")).Expect(200).Html;
        Assert.Contains("Do you repair old violins from Cremona?", missing, StringComparison.Ordinal);
        var write = missing.Split('"').Single(part => part.StartsWith(Home + "/add?of=", StringComparison.Ordinal));
        Assert.Contains("Do you repair old violins from Cremona?</textarea>", (await browser.GetAsync(write)).Expect(200).Html, StringComparison.Ordinal);
        (await browser.ActAsync(write, Home + "/write", ("question", "Do you repair old violins from Cremona?"), ("text", "Yes, we repair violins from Cremona."))).Expect(303);
        Assert.Contains("Answered by now", (await browser.GetAsync(Home + "/missing")).Html, StringComparison.Ordinal);
        // A member of another mailbox learns nothing of the mail.
        using var other = await ConsoleClient.SignedInAsync(host, Role.Member, mailboxes: ["m-other"]);
        Assert.DoesNotContain("Cremona", (await other.GetAsync(Home + "/missing")).Expect(200).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_change_it_sees_no_way_to_and_has_none()
    {
        await using var host = await ProductHost.StartAsync(knowledge: "# How long?\n\nThree days.\n");
        using var auditor = await ConsoleClient.SignedInAsync(host, Role.Auditor, factor: true);
        var page = (await auditor.GetAsync(Home)).Expect(200);
        Assert.Contains("faq.md", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("/remove", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("/add", page.Html, StringComparison.Ordinal);
        (await auditor.GetAsync(Home + "/missing")).Expect(403);
        (await auditor.ActAsync(Home, Home + "/write", ("question", "How?"), ("text", "So."))).Expect(403);
        // An administrator proves himself before he types anything.
        using var admin = await ConsoleClient.SignedInAsync(host);
        Assert.StartsWith("/console/factor?to=", (await admin.GetAsync(Home + "/add")).Expect(303).Location, StringComparison.Ordinal);
        (await admin.ActAsync(Home, Home + "/write", ("question", "How?"), ("text", "So."))).Expect(403);
    }

    private static async Task<PageAnswer> UploadAsync(ConsoleClient browser, string token, string name, string text)
    {
        var file = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        file.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = "\"file\"", FileName = $"\"{name}\"" };
        using var form = new MultipartFormDataContent { { new StringContent(token), "_page" } };
        form.Add(file);
        return await browser.SendAsync(new(HttpMethod.Post, Home + "/upload") { Content = form }, []);
    }
}
