using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Privacy;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Console;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Aws;

/// <summary>Files of knowledge by the bucket: announced, put to an address that is good for these bytes and two minutes, and taken by the checks of a direct upload.</summary>
public sealed class UploadTests : IAsyncLifetime
{
    private const string Faq = "# Do you deliver abroad?\n\nYes, to all of Europe.\n";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private readonly BucketBench _bucket = new();

    public ValueTask InitializeAsync() => _bucket.InitializeAsync();

    public ValueTask DisposeAsync() => _bucket.DisposeAsync();

    [Fact]
    public async Task A_file_is_put_to_its_address_taken_once_and_gone_from_the_bucket()
    {
        await using var api = await StartAsync();
        var place = (await AskAsync(api, "faq.md", Faq)).Expect(201);
        var taken = $"knowledge/uploads/{(string)place["id"]!}";
        Assert.Equal(api.Product.Time.GetUtcNow() + Uploads.Life, (DateTimeOffset)place["until"]!);
        Assert.Equal(409, (await api.PostAsync("admin", taken)).Code);
        Assert.Equal(HttpStatusCode.OK, await PutAsync(place, Faq));

        // Somebody else of this tenant may not, and another tenant does not even see it; nothing of that uses it up.
        Assert.Equal(403, (await api.PostAsync("auditor", taken)).Code);
        await api.AddTenantAsync("other");
        Assert.Equal(404, (await api.PostAsync("other", taken)).Code);
        var added = (await api.PostAsync("admin", taken)).Expect(201);
        Assert.Equal(("faq.md", "added", 1), ((string)added["name"]!, (string)added["outcome"]!, (int)added["passages"]!));
        Assert.Equal("faq.md", (string)(await api.GetAsync("admin", "knowledge")).Expect(200)["items"]![0]!["name"]!);
        Assert.Equal("knowledge.add", (await api.LastActAsync()).Act);
        Assert.Empty(await NamesAsync());

        // The address is not over yet, but what comes by it again nobody reads, and it goes.
        Assert.Equal(404, (await api.PostAsync("admin", taken)).Code);
        Assert.Equal(HttpStatusCode.OK, await PutAsync(place, Faq));
        Assert.Equal(404, (await api.PostAsync("admin", taken)).Code);
        await GoesAsync(api);
        api.Add("admin", Role.Admin);
        Assert.Equal("unchanged", (string)(await api.PostAsync("admin", "knowledge", new { name = "faq.md", text = Faq })).Expect(200)["outcome"]!);
    }

    [Theory]
    [InlineData("longer")]
    [InlineData("other bytes")]
    [InlineData("other hash")]
    [InlineData("type")]
    [InlineData("key")]
    [InlineData("name")]
    [InlineData("read")]
    [InlineData("over")]
    public async Task An_address_is_good_for_what_was_announced_and_nothing_else(string what)
    {
        await using var api = await StartAsync();
        var place = (await AskAsync(api, "faq.md", Faq)).Expect(201);
        var other = Faq.Replace("Yes", "Not", StringComparison.Ordinal);
        var status = what switch
        {
            "longer" => await PutAsync(place, Faq + "!"),
            "other bytes" => await PutAsync(place, other),
            "other hash" => await PutAsync(place, other, ("X-Amz-Checksum-Sha256", Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(other))))),
            "type" => await PutAsync(place, Faq, ("Content-Type", "text/html")),
            "key" => await PutAsync(place, Faq, ("X-Amz-Server-Side-Encryption", "AES256")),
            "name" => await PutAsync(new JsonObject { ["address"] = ((string)place["address"]!).Replace(api.Tenant, "t00000000000000000000000000", StringComparison.Ordinal), ["fields"] = place["fields"]!.DeepClone() }, Faq),
            "read" => (await _bucket.Outside.GetAsync(new Uri((string)place["address"]!), Ct)).StatusCode,
            _ => await LateAsync(place),
        };
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Single(_bucket.Front.Refused);
        Assert.Empty(await NamesAsync());
        Assert.Equal(409, (await api.PostAsync("admin", $"knowledge/uploads/{(string)place["id"]!}")).Code);
        Assert.Empty((await api.GetAsync("admin", "knowledge")).Expect(200)["items"]!.AsArray());
    }

    /// <summary>Whoever could write into the bucket otherwise brings nothing in.</summary>
    [Fact]
    public async Task What_is_not_as_announced_or_holds_nothing_is_refused_and_goes()
    {
        await using var api = await StartAsync();
        var id = (string)(await AskAsync(api, "faq.md", Faq)).Expect(201)["id"]!;
        await LayAsync(api, id, Faq + "!");
        Assert.Equal(409, (await api.PostAsync("admin", $"knowledge/uploads/{id}")).Code);
        await LayAsync(api, id, Faq.Replace("Yes", "Not", StringComparison.Ordinal));
        Assert.Contains("not what was announced", (string)(await api.PostAsync("admin", $"knowledge/uploads/{id}")).Expect(422)["detail"]!, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync());
        Assert.Equal(404, (await api.PostAsync("admin", $"knowledge/uploads/{id}")).Code);

        var empty = (await AskAsync(api, "empty.md", " ")).Expect(201);
        await PutAsync(empty, " ");
        Assert.Contains("holds nothing", (string)(await api.PostAsync("admin", $"knowledge/uploads/{(string)empty["id"]!}")).Expect(422)["detail"]!, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync());
        Assert.Empty((await api.GetAsync("admin", "knowledge")).Expect(200)["items"]!.AsArray());
    }

    [Theory]
    [InlineData("never taken")]
    [InlineData("erased")]
    public async Task What_nobody_takes_goes(string how)
    {
        await using var api = await StartAsync();
        var place = (await AskAsync(api, "faq.md", Faq)).Expect(201);
        await PutAsync(place, Faq);
        Assert.Equal([$"uploads/{api.Tenant}/{(string)place["id"]!}"], await NamesAsync());
        if (how == "erased")
        {
            await api.Product.Get<Erasures>().TenantAsync(api.Tenant, Actor.Machine, Ct);
            await GoesAsync(api, TimeSpan.Zero);
            return;
        }
        await GoesAsync(api);
        // His second factor was of then.
        api.Add("admin", Role.Admin);
        Assert.Equal(404, (await api.PostAsync("admin", $"knowledge/uploads/{(string)place["id"]!}")).Code);
    }

    [Fact]
    public async Task What_can_never_be_taken_gets_no_address()
    {
        await using var api = await StartAsync();
        var hash = new string('0', 64);
        Assert.Equal(403, (await api.PostAsync("auditor", "knowledge/uploads", new { name = "faq.md", size = 1, sha256 = hash })).Code);
        foreach (var (wish, member) in new (object, string)[]
        {
            (new { name = "faq.md", size = 10 * 1024 * 1024 + 1, sha256 = hash }, "size"), (new { name = "faq.md", size = 0, sha256 = hash }, "size"), (new { name = "faq.md", size = 1, sha256 = hash[1..] }, "sha256"),
            (new { name = "faq.md", size = 1, sha256 = hash[1..] + "g" }, "sha256"), (new { name = "faq.pdf", size = 1, sha256 = hash }, "name"), (new { name = "faq.exe", size = 1, sha256 = hash }, "name"),
        })
            Assert.NotNull((await api.PostAsync("admin", "knowledge/uploads", wish)).Expect(400)["errors"]![member]);
        for (var i = 0; i < Uploads.Most; i++)
            (await AskAsync(api, $"{i}.md", Faq)).Expect(201);
        Assert.Equal(409, (await AskAsync(api, "more.md", Faq)).Code);
        api.Product.Time.Advance(Uploads.Kept);
        api.Add("admin", Role.Admin);
        (await AskAsync(api, "more.md", Faq)).Expect(201);
    }

    [Fact]
    public async Task Where_no_gateway_stands_in_front_the_direct_way_is_told()
    {
        Assert.SkipWhen(AwsInstallation.IsAsked, "It is of the embedded store.");
        await using var api = await ApiHost.StartAsync();
        Assert.Contains("POST /api/v1/knowledge", (string)(await AskAsync(api, "faq.md", Faq)).Expect(409)["detail"]!, StringComparison.Ordinal);
        Assert.Equal(404, (await api.PostAsync("admin", "knowledge/uploads/f0000000000000000000000000")).Code);
    }

    /// <summary>With its script the console's form puts the file into the bucket, larger than the gateway lets through, and shows what was read of it.</summary>
    [Fact]
    public async Task The_consoles_form_puts_a_large_file_into_the_bucket()
    {
        await using var host = await ProductHost.StartAsync(services: _bucket.Serve, aws: _bucket.Aws);
        using var client = await ConsoleClient.SignedInAsync(host, factor: true);
        await using var browser = await ConsoleBrowser.StartAsync();
        foreach (var (name, value) in client.Cookies)
            await browser.AskAsync("Network.setCookie", new() { ["name"] = name, ["value"] = value, ["url"] = host.Http.AbsoluteUri, ["secure"] = true, ["path"] = "/" });
        _bucket.Front.Pages = host.Http.GetLeftPart(UriPartial.Authority);
        using var folder = new ReplyMint.Tests.Storage.TemporaryFolder();
        var file = Path.Combine(folder.Path, "large.html");
        await File.WriteAllTextAsync(file, $"<h1>Do you deliver abroad?</h1><p>Yes, to all of Europe.</p><!-- {new string('x', 5 * 1024 * 1024)} -->", Ct);

        await browser.OpenAsync(new(host.Http, "/console/knowledge/add"));
        await ChooseAsync(browser, file);
        Assert.DoesNotContain("Without JavaScript", await browser.HtmlAsync(), StringComparison.Ordinal);
        await browser.ClickAsync("form[action$='/upload'] button");
        await browser.ReadAsync("large.html");
        await browser.ReadAsync("<table");
        Assert.Contains(_bucket.Front.Calls, call => call.StartsWith($"PUT /{_bucket.Name}/uploads/{host.Tenant.Id}/", StringComparison.Ordinal));
        Assert.Empty(await NamesAsync());

        // A bucket that lets no page of ours write: said, and the form stays.
        _bucket.Front.Pages = null;
        await browser.OpenAsync(new(host.Http, "/console/knowledge/add"));
        await ChooseAsync(browser, file);
        await browser.ClickAsync("form[action$='/upload'] button");
        await ProductHost.EventuallyAsync(async () => (bool)(await browser.EvaluateAsync("!document.querySelector('form[action$=\"/upload\"] [role=alert]').hidden"))! ? "told" : null);
    }

    [Fact]
    public async Task The_consoles_page_may_call_the_bucket_on_AWS_only_and_says_what_holds_without_a_script()
    {
        await using (var host = await ProductHost.StartAsync(services: _bucket.Serve, aws: _bucket.Aws))
        {
            using var client = await ConsoleClient.SignedInAsync(host, factor: true);
            var page = (await client.GetAsync("/console/knowledge/add")).Expect(200);
            Assert.Contains($"connect-src 'self' {_bucket.Front.Address.GetLeftPart(UriPartial.Authority)};", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Contains("Without JavaScript a file may have up to 4 MB here.", page.Html, StringComparison.Ordinal);
            Assert.Contains("connect-src 'self';", (await client.GetAsync("/console/knowledge")).Expect(200).Header("Content-Security-Policy"), StringComparison.Ordinal);
            (await client.PostAsync("/console/knowledge/uploads", [KeyValuePair.Create("_page", "x")])).Expect(403);
        }
        if (AwsInstallation.IsAsked)
            return;
        await using var embedded = await ProductHost.StartAsync();
        using var browser = await ConsoleClient.SignedInAsync(embedded, factor: true);
        var direct = (await browser.GetAsync("/console/knowledge/add")).Expect(200);
        Assert.Contains("connect-src 'self';", direct.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.DoesNotContain("Without JavaScript", direct.Html, StringComparison.Ordinal);
    }

    private Task<ApiHost> StartAsync() => ApiHost.StartAsync(services: _bucket.Serve, aws: _bucket.Aws);

    private static Task<ApiAnswer> AskAsync(ApiHost api, string name, string text) =>
        api.PostAsync("admin", "knowledge/uploads", new { name, size = Encoding.UTF8.GetByteCount(text), sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))) });

    /// <summary>As the answer says, but for the fields named here.</summary>
    private async Task<HttpStatusCode> PutAsync(JsonNode place, string text, params (string Name, string Value)[] other)
    {
        using var put = new HttpRequestMessage(HttpMethod.Put, (string)place["address"]!) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text)) };
        foreach (var (name, value) in place["fields"]!.AsObject().Where(field => field.Key != "Content-Length").Select(field => (field.Key, (string)field.Value!)).Where(field => other.All(one => one.Name != field.Key)).Concat(other))
            if (!put.Headers.TryAddWithoutValidation(name, value))
                put.Content.Headers.TryAddWithoutValidation(name, value);
        return (await _bucket.Outside.SendAsync(put, Ct)).StatusCode;
    }

    private async Task<HttpStatusCode> LateAsync(JsonNode place)
    {
        _bucket.Front.Now = () => DateTimeOffset.UtcNow + TimeSpan.FromSeconds(121);
        return await PutAsync(place, Faq);
    }

    private Task LayAsync(ApiHost api, string id, string text) => _bucket.Files.WriteAsync($"uploads/{api.Tenant}/{id}", to => to.WriteAsync(Encoding.UTF8.GetBytes(text), Ct).AsTask(), Ct);

    private Task<List<string>> NamesAsync() => _bucket.NamesAsync("uploads/");

    private Task GoesAsync(ApiHost api) => GoesAsync(api, Uploads.Kept + TimeSpan.FromSeconds(1));

    private Task GoesAsync(ApiHost api, TimeSpan after)
    {
        api.Product.Time.Advance(after);
        return _bucket.EmptyAsync(api.Product, "uploads/");
    }

    private static async Task ChooseAsync(ConsoleBrowser browser, string file)
    {
        await browser.SeeAsync("#file");
        // By the object itself: numbers of nodes are void as soon as the browser counts them anew.
        var input = (string)(await browser.AskAsync("Runtime.evaluate", new() { ["expression"] = "document.querySelector('#file')" }))["result"]!["objectId"]!;
        await browser.AskAsync("DOM.setFileInputFiles", new() { ["files"] = new JsonArray(file), ["objectId"] = input });
    }
}
