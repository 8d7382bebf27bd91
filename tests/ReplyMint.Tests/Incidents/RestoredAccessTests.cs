using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli;
using ReplyMint.Inbound;
using ReplyMint.Incidents;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Accounts;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>A restore gives nobody back what was taken from him after the backup: people say who comes in, and when something leaves.</summary>
public sealed class RestoredAccessTests : IDisposable
{
    private const string Lead = "lead@shop.example", Gone = "gone@shop.example", Ops = "ops@shop.example";

    private readonly RestoredHouse _house = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _house.Dispose();

    private Task<ProductHost> StartAsync(ProductHost? of = null) => _house.StartAsync(all => all with { Accounts = new() { SignInUrl = PeopleHost.Page } }, of);

    /// <summary>One whose roots are copied to a folder, once the first of them lies there.</summary>
    private async Task<ProductHost> AnchoredAsync(string folder)
    {
        var host = await _house.StartAsync(all => all with { Audit = new() { Anchors = [new() { Folder = folder }] } });
        return await ProductHost.EventuallyAsync(() => Task.FromResult(File.Exists(Path.Combine(folder, "roots", "000000000001.json")) ? host : null));
    }

    private static async Task<int> AskAsync(ProductHost host, string path, string? token = null, string? key = null)
    {
        using var client = host.Client(token);
        if (key is not null)
            client.DefaultRequestHeaders.Add("X-API-Key", key);
        return (int)(await client.GetAsync(new Uri(path, UriKind.Relative), Ct)).StatusCode;
    }

    private static async Task<(string Token, string Verifier)> LinkAsync(ProductHost host, string user) =>
        (await host.Get<SignInDesk>().MakeAsync((await host.Get<Users>().FindAsync(user, Ct))!, null, Actor.Machine, Ct))!.Value;

    /// <summary>An access token as whoever holds a signing key can make one.</summary>
    private static string Forge(ProductHost host, SigningKey key, string user, string session) =>
        host.Get<AccessTokens>().Write(user, host.Tenant.Id, session, "j00000000000000000000", key.Id, key.Private).Text;

    [Fact]
    public async Task What_opened_a_door_before_the_backup_opens_none_after_the_restore()
    {
        var host = await StartAsync();
        var lead = await host.PersonAsync(Role.Admin, Lead);
        var (session, link, machine, signer) = (await host.SignInAsync(lead), await LinkAsync(host, lead), (await host.KeyAsync("messages:read")).Text, await host.Get<SigningKeys>().SignerAsync(Ct));
        var own = await host.Get<ApiKeys>().CreateAsync(host.Tenant.Id, new ApiKeyWish { Name = "own", Scopes = ["messages:read"] }, lead, new Actor(lead), Ct);
        Assert.Equal((200, 200, 200), (await AskAsync(host, "/api/v1/me", session.AccessToken), await AskAsync(host, "/api/v1/messages", key: machine), await AskAsync(host, "/api/v1/messages", key: own.Text)));
        var said = await _house.RestoreAsync(host);
        Assert.Contains("\n1 sessions, 2 API keys and all refresh tokens, sign-in links and invitations have ended", said, StringComparison.Ordinal);
        await _house.OkAsync("erase", "replay", "--nothing-was-erased-since");
        Assert.Equal("lead@shop.example is admin of shop again\n", await _house.OkAsync("user", "confirm", Lead));

        await using var again = await StartAsync(host);
        var fresh = await again.SignInAsync(lead);
        Assert.Equal(401, await AskAsync(again, "/api/v1/me", session.AccessToken));
        Assert.Equal(401, await AskAsync(again, "/api/v1/messages", key: machine));
        Assert.Equal(401, await AskAsync(again, "/api/v1/messages", key: own.Text));
        Assert.Equal(401, (await again.PostAsync("/api/v1/session/refresh", new { refreshToken = session.RefreshToken })).Code);
        Assert.Equal(400, (await again.CompleteAsync(link.Token, link.Verifier)).Code);
        // Of the sessions only the new one is left, and a stolen signing key signs nothing for it.
        Assert.Equal(fresh.Session, (string?)Assert.Single((await again.GetAsync("/api/v1/me/sessions", fresh.AccessToken)).Body!["items"]!.AsArray())!["id"]);
        Assert.Equal(401, await AskAsync(again, "/api/v1/me", Forge(again, signer, lead, fresh.Session)));
        Assert.Equal(200, await AskAsync(again, "/api/v1/me", Forge(again, await again.Get<SigningKeys>().SignerAsync(Ct), lead, fresh.Session)));
        // What is given away from here on works; a key lives on with a new secret.
        Assert.Equal(200, await AskAsync(again, "/api/v1/me", fresh.AccessToken));
        Assert.Equal(200, (await again.PostAsync("/api/v1/session/refresh", new { refreshToken = fresh.RefreshToken })).Code);
        Assert.Equal(200, (await LinkAsync(again, lead) is var (token, verifier) ? await again.CompleteAsync(token, verifier) : null)!.Code);
        Assert.Equal(200, await AskAsync(again, "/api/v1/messages", key: (await again.Get<ApiKeys>().RotateAsync(again.Tenant.Id, own.Key!.Id, TimeSpan.FromDays(1), null, Actor.Machine, Ct)).Text));
        Assert.Equal(401, await AskAsync(again, "/api/v1/messages", key: own.Text));
    }

    [Fact]
    public async Task Who_belonged_at_the_time_of_the_backup_comes_in_once_somebody_says_that_he_still_does()
    {
        var host = await StartAsync();
        var (lead, gone, ops) = (await host.PersonAsync(Role.Admin, Lead), await host.PersonAsync(Role.Member, Gone, mailboxes: [host.Mailbox.Id]), await host.PersonAsync(Role.Operator, Ops));
        Assert.Contains("\n3 members and operators can't come in until you say that they still belong (replymint user confirm lists them)", await _house.RestoreAsync(host), StringComparison.Ordinal);
        await _house.OkAsync("erase", "replay", "--nothing-was-erased-since");
        Assert.Equal(3, (await _house.OkAsync("user", "confirm")).Split('\n').Count(line => line.Contains("@shop.example", StringComparison.Ordinal)));
        Assert.Contains("held since the restore", await _house.OkAsync("user", "show", Gone), StringComparison.Ordinal);
        Assert.Contains("held since the restore", await _house.OkAsync("operator", "list"), StringComparison.Ordinal);
        Assert.Contains("does not belong", await _house.FailsAsync("user", "sign-in-link", Gone), StringComparison.Ordinal);
        // Of two who are held one may go; whoever was confirmed is the last while all others are held.
        Assert.Contains("ops@shop.example is operator of this installation again", await _house.OkAsync("user", "confirm", Ops, "--tenant", "installation"), StringComparison.Ordinal);
        await _house.OkAsync("user", "confirm", Lead);
        Assert.Contains("nobody like that waits", await _house.FailsAsync("user", "confirm", Lead), StringComparison.Ordinal);

        await using var again = await StartAsync(host);
        Assert.Equal(401, await AskAsync(again, "/api/v1/me", (await again.SignInAsync(gone)).AccessToken));
        Assert.Equal(200, await AskAsync(again, "/api/v1/me", (await again.SignInAsync(ops, KeyRing.Installation)).AccessToken));
        var admin = (await again.SignInAsync(lead)).AccessToken;
        var seen = await again.GetAsync("/api/v1/members/" + gone, admin);
        Assert.NotNull(seen.Body!["heldSince"]);
        // An administrator who is in says it for his own people.
        var put = await again.SendAsync(HttpMethod.Put, "/api/v1/members/" + gone, new { role = "member", mailboxes = seen.Body["mailboxes"] }, admin, seen.Message.Headers.ETag!.Tag);
        Assert.Equal(200, put.Code);
        Assert.Null(put.Body!["heldSince"]);
        Assert.Equal(200, await AskAsync(again, "/api/v1/me", (await again.SignInAsync(gone)).AccessToken));
        Assert.Contains(await again.Get<AuditLog>().NewestAsync(again.Tenant.Id, 10, Ct), entry => entry.Act == "member.confirm" && entry.Actor == lead && entry.Target == gone);
    }

    [Fact]
    public async Task The_only_administrator_who_was_confirmed_can_not_go_while_the_others_are_held()
    {
        var host = await StartAsync();
        var (lead, gone) = (await host.PersonAsync(Role.Admin, Lead), await host.PersonAsync(Role.Admin, Gone));
        await _house.RestoreAsync(host);
        await _house.OkAsync("erase", "replay", "--nothing-was-erased-since");
        await _house.OkAsync("user", "confirm", Lead);
        Assert.Contains("the tenant's last administrator", await _house.FailsAsync("user", "remove", Lead, "--yes"), StringComparison.Ordinal);
        await _house.OkAsync("user", "remove", Gone, "--yes");
        await using var again = await StartAsync(host);
        Assert.NotNull(await again.Get<Members>().FindAsync(again.Tenant.Id, lead, Ct));
        Assert.Null(await again.Get<Members>().GetAsync(again.Tenant.Id, gone, Ct));
    }

    [Fact]
    public async Task Nothing_is_answered_until_an_operator_starts_it_again()
    {
        var host = await StartAsync();
        Assert.Contains("\nnothing is answered or sent, since stops, containments and legal holds of after the backup are missing", await _house.RestoreAsync(host), StringComparison.Ordinal);
        await _house.OkAsync("erase", "replay", "--nothing-was-erased-since");
        Assert.Contains("STOPPED  everything", await _house.OkAsync("switch", "list"), StringComparison.Ordinal);
        var again = await StartAsync(host);
        var held = await again.DeliverAndDecideAsync(_house.Mail(again, "anna@customer.example"));
        Assert.Equal((MessageState.Held, "stopped"), (held.Record.State, held.Record.Reasons[0]));
        Assert.Empty(again.OutFiles);
        await again.StopAsync();
        await _house.OkAsync("switch", "set", "start");
        await using var started = await StartAsync(host);
        Assert.Equal(MessageState.Answered, (await started.DeliverAndDecideAsync(_house.Mail(started, "bert@customer.example"), "bert@customer.example")).Record.State);
    }

    [Fact]
    public async Task Without_any_copy_of_the_ledger_the_store_stays_shut_to_the_server_and_to_commands()
    {
        var host = await StartAsync();
        await host.PersonAsync(Role.Admin, Lead);
        var message = await host.DeliverAndDecideAsync(host.Mail("Do you sponsor our football club?"));
        await _house.RestoreAsync(host);
        var shut = "replymint: " + Installation.Restored + "\n";
        Assert.Equal(shut, await _house.FailsAsync("serve", "--urls", "http://127.0.0.1:0", "--set", "smtp.port=0"));
        foreach (var command in (string[])["messages list", "drafts list", "outbox list", "user list", "user confirm", "tenant list", "switch set start", "erase list", "secrets recovery-kit kit.txt --generate", "retention show"])
            Assert.Equal(shut, await _house.FailsAsync(command.Split(' ')));
        // Its own ledger alone is as old as the backup, and a document that nobody here signed is no line.
        Assert.Contains("only this store's own ledger is there", await _house.FailsAsync("erase", "replay"), StringComparison.Ordinal);
        _house.Cli.Write("ledger/forged.json", """{"v":1,"id":"x","kind":"mail","tenant":"t","subject":"s","at":"2026-11-24T12:00:00+00:00","mac":"AAAA"}""");
        Assert.Contains("only this store's own ledger is there", await _house.FailsAsync("erase", "replay", "--ledger", "ledger"), StringComparison.Ordinal);
        Assert.Equal(shut, await _house.FailsAsync("messages", "list"));
        // What shows and changes nothing of anybody's works.
        await _house.OkAsync("backup", "list");
        await _house.OkAsync("secrets", "list");
        Assert.Contains("0 erasures were looked at", await _house.OkAsync("erase", "replay", "--nothing-was-erased-since"), StringComparison.Ordinal);
        Assert.Contains(message.Id, await _house.OkAsync("messages", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_place_off_the_machine_that_holds_nothing_of_ours_does_not_count_as_read()
    {
        var (meant, wrong) = (Directory.CreateDirectory(Path.Combine(_house.Cli.Folder, "meant")).FullName, Directory.CreateDirectory(Path.Combine(_house.Cli.Folder, "wrong")).FullName);
        string[] Replay(params string[] places) =>
            ["erase", "replay", "--settings", _house.Cli.Write("settings.json", $$"""{"audit":{"anchors":[{{string.Join(',', places.Select(place => $$"""{"folder":"{{place}}"}"""))}}] } }""")];
        var host = await AnchoredAsync(meant);
        await _house.RestoreAsync(host);
        Assert.Contains("holds none of this installation's records does not count", await _house.FailsAsync(Replay(wrong)), StringComparison.Ordinal);
        Assert.Equal("replymint: " + Installation.Restored + "\n", await _house.FailsAsync("messages", "list"));
        Assert.Contains("0 erasures were looked at", await _house.OkAsync(Replay(wrong, meant)), StringComparison.Ordinal);
        Assert.Contains("(place 1 of audit.anchors holds none", _house.Cli.Error, StringComparison.Ordinal);
        await _house.OkAsync("messages", "list");
    }

    /// <summary>A web server that has nothing under any name, and answers for the roots that it is not well, says nothing of what was erased.</summary>
    [Fact]
    public async Task A_place_that_names_no_erasure_and_does_not_say_whether_it_holds_anything_of_ours_does_not_count_as_read()
    {
        await using var wrong = await Audit.PutOnceServer.StartAsync();
        wrong.StatusOf = name => name.StartsWith("roots/", StringComparison.Ordinal) ? 503 : null;
        var meant = Directory.CreateDirectory(Path.Combine(_house.Cli.Folder, "meant")).FullName;
        string[] Replay(string more) => ["erase", "replay", "--settings", _house.Cli.Write("settings.json", $$"""{"audit":{"anchors":[{"url":"{{wrong.Url}}"}{{more}}]} }""")];
        var host = await AnchoredAsync(meant);
        await _house.RestoreAsync(host);
        Assert.Contains("place 1 could not be read); the store stays shut until it was", await _house.FailsAsync(Replay("")), StringComparison.Ordinal);
        Assert.Equal("replymint: " + Installation.Restored + "\n", await _house.FailsAsync("messages", "list"));
        Assert.Contains("0 erasures were looked at", await _house.OkAsync(Replay($$""",{"folder":"{{meant}}"}""")), StringComparison.Ordinal);
        Assert.Contains("(of audit.anchors, place 1 could not be read)", _house.Cli.Error, StringComparison.Ordinal);
        await _house.OkAsync("messages", "list");
    }

    [Fact]
    public void Only_what_shows_nothing_of_anybody_works_on_a_store_that_was_restored()
    {
        var open = new List<string>();
        void Look(System.CommandLine.Command command, string path)
        {
            if (command is StoreCommand { OpensRestored: true })
                open.Add(path);
            foreach (var child in command.Subcommands)
                Look(child, $"{path} {child.Name}".Trim());
        }
        Look(CommandTree.Build(CommandHost.Nowhere), "");
        Assert.Equal(["backup create", "backup drill", "backup list", "backup prune", "backup restored", "erase replay", "secrets list"], open.Order(StringComparer.Ordinal));
    }
}
