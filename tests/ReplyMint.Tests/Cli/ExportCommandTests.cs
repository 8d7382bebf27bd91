using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>A tenant's way out of one installation and into another, by commands (GDPR-3).</summary>
public sealed class ExportCommandTests : IDisposable
{
    private readonly TemporaryFolder _from = new();
    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose()
    {
        _cli.Dispose();
        _from.Dispose();
    }

    [Fact]
    public async Task A_tenant_goes_into_an_empty_installation_with_the_same_counts_and_nothing_is_answered()
    {
        // Commands have the machine's clock.
        var host = await ProductHost.StartAsync(folder: _from, knowledge: "# Where is my parcel?\n\nYour parcel is on its way.", time: new FakeTimeProvider(DateTimeOffset.UtcNow));
        var answered = await host.DeliverAndDecideAsync(host.Mail("Where is my parcel?"));
        var waiting = await host.DeliverAndDecideAsync(host.Mail("What colour is the sky of Mars in the evening?", from: "ben@customer.example"));
        await host.PersonAsync(Role.Admin, "carla@people.example");
        await host.Get<Suppressions>().AddAsync(host.Tenant.Id, "ben@customer.example", SuppressionReason.HumanAsked, default);
        await host.Get<Consents>().AddTextAsync(host.Tenant.Id, "May a machine answer you?", Actor.Machine, default);
        await host.Get<Consents>().GiveAsync(host.Tenant.Id, "anna@customer.example", 1, ConsentWay.Form, "form 12", Actor.Machine, default);
        await host.Get<Consents>().WithdrawAsync(host.Tenant.Id, "carl@customer.example", ConsentWay.Phone, "", Actor.Machine, default);
        await host.StopAsync();
        await _cli.OkAsync("export", "tenant", "--out", "shop.zip", "--data", _from.Sub("data"), "--config", _from.Sub("config"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_cli.Folder, "shop.zip")));
        Assert.Contains("exported 2 messages to shop.zip; it holds personal data", _cli.Out, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("export", "tenant", "--out", "shop.zip", "--data", _from.Sub("data"), "--config", _from.Sub("config")));
        Assert.Contains("shop.zip is there already, and nothing is written over", _cli.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _cli.RunAsync("export", "tenant", "--out", "nowhere/shop.zip", "--data", _from.Sub("data"), "--config", _from.Sub("config")));
        Assert.Contains("there is no such folder", _cli.Error, StringComparison.Ordinal);

        var file = Path.Combine(_cli.Folder, "shop.zip");
        string[] to = ["--data", Path.Combine(_cli.Folder, "new"), "--config", Path.Combine(_cli.Folder, "newconfig")];
        await RefusedAsync("changed", ["import", ExportedFile.Changed(file, (name, text) => name == "messages.jsonl" ? text.Replace("parcel", "PARCEL", StringComparison.Ordinal) : text), .. to]);
        await RefusedAsync("does not know", ["import", ExportedFile.Changed(file, (name, text) => name == "manifest.json" ? text.Replace("export/1", "export/2", StringComparison.Ordinal) : text), .. to]);
        await File.WriteAllBytesAsync(Path.Combine(_cli.Folder, "cut.zip"), (await File.ReadAllBytesAsync(file))[..^200]);
        await RefusedAsync("no whole export", ["import", Path.Combine(_cli.Folder, "cut.zip"), .. to]);

        await RefusedAsync("never gives", ["import", ExportedFile.Resealed(ExportedFile.Changed(file, (name, text) => name == "messages.jsonl" ? text.Replace(answered.Id, "../../../../newconfig/x.key", StringComparison.Ordinal) : text)), .. to]);
        // Of no time that there is, and of one behind which there is none.
        await RefusedAsync("never gives", ["import", ExportedFile.Resealed(ExportedFile.Changed(file, (name, text) => name == "messages.jsonl" ? text.Replace(answered.Id, "zzzzzzzzzz" + answered.Id[10..], StringComparison.Ordinal) : text)), .. to]);
        await RefusedAsync("no record that an export holds", ["import", ExportedFile.Resealed(ExportedFile.Changed(file, (name, text) => name == "messages.jsonl" ? text.Replace($"\"receivedAt\":\"{DateTimeOffset.UtcNow.Year}-", "\"receivedAt\":\"9999-", StringComparison.Ordinal) : text)), .. to]);

        Assert.Contains("2 messages, 2 of them", await _cli.OkAsync(["import", file, .. to]), StringComparison.Ordinal);
        await RefusedAsync("here already", ["import", file, .. to]);
        await _cli.OkAsync(["export", "tenant", "--out", "again.zip", .. to]);
        Assert.Equal(ExportedFile.Counts(file), ExportedFile.Counts(Path.Combine(_cli.Folder, "again.zip")));

        await using var open = await OpenStore.OpenAsync(DataFolder.Open(Path.Combine(_cli.Folder, "new")), Path.Combine(_cli.Folder, "newconfig"), new MasterKeySettings(), TimeProvider.System, default);
        for (var shard = 0; shard < 4; shard++)
            Assert.Empty((await open.Store.QueryAsync(Table.Main, $"due/{shard}", new ReplyMint.Storage.Range(""), null, default)).Items);
        Assert.Empty((await open.Store.QueryAsync(Table.Main, answered.Tenant, new ReplyMint.Storage.Range("waiting/"), null, default)).Items);
        var own = await open.Keys.RequireAsync(answered.Tenant, default);
        foreach (var address in (string[])["ben@customer.example", "carl@customer.example"])
            Assert.NotNull(await open.Store.GetAsync(Suppressions.KeyOf(own.Tenant, Suppressions.HashOf(own, address)!), default));
        var ignored = JsonNode.Parse((await open.Store.GetAsync(Messages.KeyOf(waiting.Tenant, waiting.Id), default))!.Value.Span)!;
        Assert.Equal(("Ignored", "imported"), ((string)ignored["state"]!, (string)ignored["reasons"]![0]!));
    }

    private async Task RefusedAsync(string why, string[] arguments)
    {
        Assert.Equal(1, await _cli.RunAsync(arguments));
        Assert.Contains(why, _cli.Error, StringComparison.Ordinal);
    }
}
