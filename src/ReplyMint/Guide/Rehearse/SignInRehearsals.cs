using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>AUTH-3, AUTH-6 and AUTH-7: links, rates, guesses. Only what counts against the throw-away key, person and tenant is used up.</summary>
internal static class SignInRehearsals
{
    // Of the run's requests one rate may take so many.
    private const int MostBurst = 150;
    private const int MostGuesses = 20;
    private const int MostMails = 3;

    /// <summary>AUTH-3.</summary>
    public static async Task LinksAsync(RehearsalAct act, CancellationToken ct)
    {
        var user = await act.PersonAsync(act.Own, Role.Auditor, ct);
        var there = await AskAsync(act, user.Address, ct);
        var nobody = await AskAsync(act, act.Own.Guest("nobody"), ct);
        act.Holds(there.Status == nobody.Status && there.Body == nobody.Body, $"who has an account and who has none are told the same: {there.Shown}", $"who has an account is told {there.Shown}, who has none {nobody.Shown}{(there.Status == nobody.Status ? ", with another text" : "")}");
        var link = await act.Get<SignInDesk>().MakeAsync(user, act.Own.Id, Actor.Machine, ct) ?? throw RehearsalAct.Fail("no link could be made for a person who belongs");
        act.Holds(await act.SignInAsync((link.Token, SignInLinks.NewToken() + "abcdefghijklmnopqrst"), user.Id, ct) is null, "a link in another browser lets nobody in", "a link lets a browser in that did not ask for it");
        act.Holds(await act.SignInAsync(link, user.Id, ct) is not null, "in its own it does", "a good link lets nobody in");
        act.Holds(await act.SignInAsync(link, user.Id, ct) is null, "once", "a link lets somebody in twice");
        act.Holds(SignInLinks.Life <= TimeSpan.FromMinutes(15), $"for {SignInLinks.Life.TotalMinutes:0} minutes", "a link lives for long");
    }

    /// <summary>AUTH-6.</summary>
    public static async Task RatesAsync(RehearsalAct act, CancellationToken ct)
    {
        var requests = act.Settings.Requests;
        var (burst, method, path) = new[] { (requests.Costly.Burst, "GET", $"messages/{Ids.Secret(26)}/raw"), (requests.Read.Burst, "GET", "me") }.MinBy(one => one.Item1);
        if (burst > MostBurst)
            throw RehearsalAct.NotChecked($"the smallest burst of a key is {burst} requests, which is more than a rehearsal spends on it");
        var (_, noisy) = await act.KeyAsync(act.Own, [Permission.Me, Permission.MessagesRead], ct);
        var (_, quiet) = await act.KeyAsync(act.Own, [Permission.Me, Permission.MessagesRead], ct);
        Reply refused;
        var asked = 0;
        // What comes back while they are asked has room beside the burst.
        do
            refused = await act.SendAsync(method, path, [noisy], "", "", ct);
        while (refused.Status != 429 && ++asked < burst + burst / 4 + 6);
        if (refused.Status != 429)
            throw RehearsalAct.Fail($"a key asked {asked} times at once, and was never told to wait");
        foreach (var field in (string[])["Retry-After", "RateLimit", "RateLimit-Policy"])
            act.Holds(refused[field] is not null, field, $"a refusal (429) lacks {field}");
        act.Saw($"429 after {burst} at once, as the settings say");
        var other = await act.SendAsync(method, path, [quiet], "", "", ct);
        act.Holds(other.Status is 200 or 404, $"another key of the tenant meanwhile: {other.Shown}", $"a noisy key slows another one of its tenant: {other.Shown}");
    }

    /// <summary>AUTH-7.</summary>
    public static async Task GuessesAsync(RehearsalAct act, CancellationToken ct)
    {
        var most = act.Settings.Requests.FailedForAccount.Burst;
        if (most > MostGuesses)
            throw RehearsalAct.NotChecked($"{most} failed tries of one account are allowed at once, which is more than a rehearsal makes");
        // A text of the right form that is the key's no more.
        var (id, key) = await act.KeyAsync(act.Own, [Permission.Me], ct);
        await act.Get<ApiKeys>().RotateAsync(act.Own.Id, id, TimeSpan.Zero, null, Actor.Machine, ct);
        var (_, others) = await act.KeyAsync(act.Other, [Permission.Me], ct);
        Reply? slowed = null;
        for (var tried = 0; tried <= most + 1 && slowed is null; tried++)
        {
            var reply = await act.SendAsync("GET", "me", [key], "", "", ct);
            if (reply.Status is not (401 or 429))
                throw RehearsalAct.Fail($"a bad key: GET /api/v1/me -> {reply.Shown}");
            slowed = reply.Status == 429 ? reply : null;
        }
        act.Holds(slowed?["Retry-After"] is not null, $"guesses at a key: 429 after {most}", $"{most + 2} guesses at a key in a row were not slowed");
        await act.AskAsync("another key from there", "GET", "me", others, [200], ct);
        if (!act.Get<AccountsSettings>().CanMail)
        {
            act.Saw("no sign-in mails: accounts.from is not set");
            return;
        }
        var person = await act.PersonAsync(act.Own, Role.Member, ct);
        for (var asked = 0; asked < MostMails + 2; asked++)
            await AskAsync(act, person.Address, ct);
        async Task<bool> DoneAsync()
        {
            await foreach (var (job, _) in JobQueue.AllAsync(act.Get<IStore>(), ct))
                if (job.Kind == SignInDesk.JobKind)
                    return false;
            return true;
        }
        await act.EventuallyAsync(DoneAsync, ct);
        var mails = (await act.Get<Outbox>().ListAsync(KeyRing.Installation, 100, null, ct)).Entries.Count(entry => entry.Mail.To == person.Address);
        act.Holds(mails is > 0 and <= MostMails, $"{MostMails + 2} sign-ins asked for: {mails} mails", $"{MostMails + 2} sign-ins of one person asked for: {mails} mails");
    }

    private static Task<Reply> AskAsync(RehearsalAct act, string address, CancellationToken ct) =>
        act.SendAsync("POST", "sign-in", [], new JsonObject { ["address"] = address, ["challenge"] = SignInLinks.ChallengeOf(SignInLinks.NewToken()) }.ToJsonString(), "application/json", ct);
}
