using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Privacy;
using ReplyMint.Storage;
using ReplyMint.Telemetry;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>Attachments of strangers are shown to a scanner before they are kept (ASVS V5.4.3): what it does not pass is not there to be handed out.</summary>
public sealed class AttachmentScanTests : IDisposable
{
    private const string Faq = "# When do you open?\n\nWe open at nine in the morning.";
    private const string Good = "a good file", Evil = "an evil file";
    private const string Found = "stream: Test.Evil.UNOFFICIAL FOUND\0";

    private readonly ScannerDouble _scanner = new() { Says = shown => shown.Contains(Evil, StringComparison.Ordinal) ? Found : "stream: OK\0" };

    public void Dispose() => _scanner.Dispose();

    [Fact]
    public async Task What_the_scanner_passes_is_kept_and_the_mail_is_answered()
    {
        using var folder = new TemporaryFolder();
        using var local = new ScannerDouble(folder.Sub("clamd.ctl"));
        await using var api = await KeepingAsync(local.Setting);
        var message = await api.Product.DeliverAndDecideAsync(Mail(api, Good, new string('x', 200_000)));
        Assert.Equal(MessageState.Answered, message.Record.State);
        Assert.Contains(Base64(Good), await RawAsync(api, message), StringComparison.Ordinal);
        // As their reader would have them, one by one, and then as they lie in the mail.
        Assert.Equal([Good, new string('x', 200_000)], local.Shown.Take(2));
        Assert.Contains(Base64(Good), local.Shown[2], StringComparison.Ordinal);
        Assert.Equal(["clean", "clean"], (await AttachmentsAsync(api, message)).Select(one => (string?)one!["scan"]));
    }

    [Fact]
    public async Task What_it_finds_is_not_kept_is_named_in_the_mails_record_and_waits_for_a_person()
    {
        var counted = 0;
        using var listener = new MeterListener { InstrumentPublished = (instrument, to) => { if (instrument.Name == Measures.AttachmentScans.Name) to.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            foreach (var tag in tags)
                if (tag.Value is "found")
                    Interlocked.Increment(ref counted);
        });
        listener.Start();
        await using var api = await KeepingAsync(_scanner.Setting);
        var message = await api.Product.DeliverAndDecideAsync(Mail(api, Good, Evil));
        var raw = await RawAsync(api, message);
        Assert.Contains(Base64(Good), raw, StringComparison.Ordinal);
        Assert.DoesNotContain(Base64(Evil), raw, StringComparison.Ordinal);
        Assert.Contains("filename=file2.bin", raw, StringComparison.Ordinal);
        Assert.Equal((MessageState.Held, "attachment-malware"), (message.Record.State, message.Record.Reasons[0]));
        Assert.Empty(api.Product.OutFiles);
        var attachments = await AttachmentsAsync(api, message);
        Assert.Equal(("clean", null), ((string?)attachments[0]!["scan"], (string?)attachments[0]!["malware"]));
        Assert.Equal(("found", "Test.Evil.UNOFFICIAL", "file2.bin"), ((string?)attachments[1]!["scan"], (string?)attachments[1]!["malware"], (string?)attachments[1]!["fileName"]));
        var shown = (await api.GetAsync("admin", $"messages/{message.Id}/receipt")).Expect(200).ToJsonString();
        Assert.Contains("Test.Evil.UNOFFICIAL in attachment 2, file2.bin", shown, StringComparison.Ordinal);
        Assert.True(Volatile.Read(ref counted) > 0);
    }

    [Theory]
    [InlineData("INSTREAM size limit exceeded. ERROR\0", "too-large", false)]
    [InlineData("stream: Heuristics ERROR\0", "odd", true)]
    [InlineData("stream: OK and more\0", "odd", true)]
    [InlineData(" FOUND\0", "odd", true)]
    [InlineData("stream: OK", "away", true)]
    [InlineData("", "away", true)]
    public async Task What_it_does_not_pass_in_so_many_words_is_not_kept_and_the_mail_is(string answer, string result, bool alert)
    {
        _scanner.Says = _ => answer;
        await using var api = await KeepingAsync(_scanner.Setting);
        await NotKeptAsync(api, await api.Product.DeliverAndDecideAsync(Mail(api, Good)), result, alert);
    }

    [Fact]
    public async Task Where_nobody_answers_or_not_in_time_attachments_are_not_kept_and_the_mail_is()
    {
        _scanner.Says = _ => null;
        await using var api = await KeepingAsync(_scanner.Setting);
        var handed = api.Product.DeliverAsync(Mail(api, Good));
        await ProductHost.EventuallyAsync(() => Task.FromResult(_scanner.Shown.Count == 0 ? null : "asked"));
        api.Product.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(handed.IsCompleted);
        api.Product.Time.Advance(TimeSpan.FromSeconds(2));
        await NotKeptAsync(api, await api.Product.DecidedAsync(await handed.WaitAsync(ProductHost.Patience)), "late", true);

        _scanner.Dispose();
        await NotKeptAsync(api, await api.Product.DeliverAndDecideAsync(Mail(api, Good)), "away", true);
    }

    [Fact]
    public async Task No_more_scans_run_at_once_than_the_operator_allows()
    {
        var (both, goOn, thinking) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        _scanner.Thinks = () =>
        {
            if (Interlocked.Increment(ref thinking) == 2)
                both.SetResult();
            return goOn.Task;
        };
        await using var api = await KeepingAsync(_scanner.Setting, attachments => attachments with { Concurrency = 2, TimeoutSeconds = 60 });
        var handed = Enumerable.Range(0, 5).Select(_ => api.Product.SmtpAsync(Mail(api, Good))).ToList();
        await both.Task.WaitAsync(ProductHost.Patience, TestContext.Current.CancellationToken);
        // Mail that has nothing to be scanned is not kept waiting, and the other three are where they wait when it is through.
        Assert.StartsWith("250", await api.Product.SmtpAsync(api.Product.Mail("When are you open?")), StringComparison.Ordinal);
        goOn.SetResult();
        Assert.All(await Task.WhenAll(handed), reply => Assert.StartsWith("250", reply, StringComparison.Ordinal));
        Assert.Equal((2, 10), (_scanner.Most, _scanner.Shown.Count));
    }

    [Fact]
    public async Task What_lies_beside_the_attachments_of_a_mail_that_is_kept_is_found_too()
    {
        await using var api = await KeepingAsync(_scanner.Setting);
        var message = await api.Product.DeliverAndDecideAsync(Mail(api, Good) + Evil + "\r\n");
        var raw = await RawAsync(api, message);
        Assert.DoesNotContain(Base64(Good), raw, StringComparison.Ordinal);
        Assert.DoesNotContain(Evil, raw, StringComparison.Ordinal);
        Assert.Contains("Subject: A question", raw, StringComparison.Ordinal);
        Assert.Equal((MessageState.Held, "attachment-malware"), (message.Record.State, message.Record.Reasons[0]));
    }

    [Fact]
    public async Task A_report_brings_in_nothing_unscanned_though_nobody_asked_to_keep_it()
    {
        await using var api = await StartAsync(_scanner.Setting);
        var message = await api.Product.DeliverAndDecideAsync(Mail(api, Evil, type: "multipart/report; report-type=delivery-status"));
        Assert.DoesNotContain(Base64(Evil), await RawAsync(api, message), StringComparison.Ordinal);
        Assert.Contains("attachment-malware", message.Record.Reasons);
    }

    [Theory]
    [InlineData("multipart/mixed")]
    [InlineData("multipart/report; report-type=delivery-status")]
    public async Task Until_the_operator_says_what_scans_them_none_are_kept_whoever_asked_before(string type)
    {
        await using var api = await StartAsync("");
        var read = await api.GetAsync("admin", "retention");
        var refused = await api.PutAsync("admin", "retention", Wish, read.ETag);
        Assert.Equal(400, refused.Code);
        Assert.Contains("inbound.attachments.scanner", refused.Text, StringComparison.Ordinal);

        // As a store says it that kept them before there was the setting.
        await api.Product.Get<IStore>().CommitAsync(new Commit().Put(Retention.KeyOf(api.Tenant), """{"v":1,"rawDays":7,"textDays":90,"recordDays":365,"attachments":true}"""u8.ToArray(), Condition.Absent), default);
        var json = (await api.GetAsync("admin", "retention")).Expect(200);
        Assert.Equal((true, false), ((bool)json["attachments"]!, (bool)json["attachmentsKept"]!));
        var message = await api.Product.DeliverAndDecideAsync(Mail(api, Good, type: type));
        Assert.DoesNotContain(Base64(Good), await RawAsync(api, message), StringComparison.Ordinal);
        Assert.Contains("When do you open?", await RawAsync(api, message), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_import_brings_in_nothing_that_a_mail_could_not()
    {
        using var folder = new TemporaryFolder();
        var ct = TestContext.Current.CancellationToken;
        var file = ExportedFile.Resealed(ExportedFile.Changed(await ExportedFile.WithManyMailsAsync(folder.Sub("moved.zip"), 3, ct), (name, text) => name switch
        {
            // The host that takes it in has a mailbox of the same address.
            "mailboxes.jsonl" => text.Replace(ProductHost.Address, "help@moved.example", StringComparison.Ordinal),
            "mails.mbox" => text.Replace("Content-Type: text/plain; charset=utf-8", "Content-Type: application/octet-stream; name=sky.bin", StringComparison.Ordinal),
            _ => text,
        }));
        // The file's mails are of this hour, and would be gone by another clock.
        await using var host = await ProductHost.StartAsync(time: new(TimeProvider.System.GetUtcNow()));
        await using var stream = File.OpenRead(file);
        using var export = (await ImportFile.OpenAsync(stream, ImportBounds.Usual, ct)).File!;
        Assert.IsType<ImportOutcome.Done>(await host.Get<Importer>().ImportAsync(export, Actor.Machine, _ => { }, ct));
        var messages = (await host.Get<Messages>().ListAsync(export.Manifest.Tenant, 10, null, ct)).Messages;
        Assert.Equal(3, messages.Count);
        foreach (var message in messages)
            Assert.DoesNotContain("sky of Mars", Encoding.UTF8.GetString((await host.Get<Messages>().RawAsync(message, ct))!.Value.Span).Split("\r\n\r\n", 2)[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("none", true)]
    [InlineData("unix:/run/clamav/clamd.ctl", true)]
    [InlineData("localhost:3310", true)]
    [InlineData("[::1]:3310", true)]
    [InlineData("unix:run/clamd.ctl", false)]
    [InlineData("clamd.example:3310", false)]
    [InlineData("10.0.0.7:3310", false)]
    [InlineData("127.0.0.1:0", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("off", false)]
    public void A_scanner_lies_on_this_machine(string scanner, bool good) =>
        Assert.Equal(good, !new AttachmentSettings { Scanner = scanner }.Problems().Any());

    private static readonly object Wish = new { rawDays = 7, textDays = 90, recordDays = 365, attachments = true };

    private static Task<ApiHost> StartAsync(string scanner, Func<AttachmentSettings, AttachmentSettings>? more = null) => ApiHost.StartAsync(knowledge: Faq, settings: settings =>
        settings with { Inbound = settings.Inbound with { Attachments = (more ?? (same => same))(new() { Scanner = scanner }) } });

    private static async Task<ApiHost> KeepingAsync(string scanner, Func<AttachmentSettings, AttachmentSettings>? more = null)
    {
        var api = await StartAsync(scanner, more);
        var json = (await api.PutAsync("admin", "retention", Wish, (await api.GetAsync("admin", "retention")).ETag)).Expect(200);
        Assert.True((bool)json["attachmentsKept"]!);
        return api;
    }

    private static string Mail(ApiHost api, string first, string? second = null, string type = "multipart/mixed") => api.Product.Mail(string.Join("\r\n",
        [
            "--b", "Content-Type: text/plain", "", "When do you open?",
            .. new[] { first, second }.OfType<string>().SelectMany((file, i) => (string[])["--b", "Content-Type: application/octet-stream", $"Content-Disposition: attachment; filename=file{i + 1}.bin", "Content-Transfer-Encoding: base64", "", Base64(file)]),
            "--b--",
        ]), extra: $"MIME-Version: 1.0\r\nContent-Type: {type}; boundary=b");

    private static string Base64(string file) => Convert.ToBase64String(Encoding.ASCII.GetBytes(file), Base64FormattingOptions.InsertLineBreaks);

    private static async Task<string> RawAsync(ApiHost api, Message message) => Encoding.UTF8.GetString((await api.Product.Get<Messages>().RawAsync(message, default))!.Value.Span);

    private static async Task<JsonArray> AttachmentsAsync(ApiHost api, Message message) =>
        (await api.GetAsync("admin", $"messages/{message.Id}")).Expect(200)["text"]!["attachments"]!.AsArray();

    private static async Task NotKeptAsync(ApiHost api, Message message, string result, bool alert)
    {
        Assert.DoesNotContain(Base64(Good), await RawAsync(api, message), StringComparison.Ordinal);
        Assert.Equal((MessageState.Answered, result), (message.Record.State, (string?)(await AttachmentsAsync(api, message))[0]!["scan"]));
        Assert.Equal(alert, (await api.Product.Get<Alerts>().NewestAsync(10, default)).Any(one => one.Kind == "scanner-away"));
    }
}
