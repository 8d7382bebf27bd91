using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>What is taken, what leaves, and what logs are told of it: MAIL-1, MAIL-7, MON-2.</summary>
internal static class LeavingConfig
{
    /// <summary>Whose debug lines hold addresses, headers or bodies.</summary>
    private static readonly string[] s_talkative = ["Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.HttpLogging.HttpLoggingMiddleware", "System.Net.Http.HttpClient"];

    /// <summary>MAIL-1: addresses that nobody configured, at domains that are served and at one that is not.</summary>
    public static async Task<Outcome> RecipientsAsync(StoreLook look, CancellationToken ct)
    {
        var knows = look.Knows ?? ((recipient, token) => look.Get<Inbox>().KnowsAsync(recipient, Channel.Operator, token));
        var (stranger, boxes, catchAll) = (Ids.Random('g'), 0, new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        var domains = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "replymint.invalid" };
        await foreach (var tenant in look.Get<Tenants>().IdsAsync(ct))
            foreach (var box in await look.Get<Mailboxes>().ListAsync(tenant, ct))
            {
                boxes++;
                (box.CatchAll ? catchAll : domains).Add(box.Address[(box.Address.LastIndexOf('@') + 1)..]);
            }
        foreach (var domain in domains.Except(catchAll, StringComparer.OrdinalIgnoreCase))
            if (await knows($"{stranger}@{domain}", ct))
                return Outcome.Fail($"mail for an address that nobody configured is taken at {domain}");
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{boxes} mailboxes; an address that nobody configured is refused at {domains.Count} domains, one that is not served among them{(catchAll.Count > 0 ? $"; {catchAll.Count} domains have a mailbox for all addresses, by its owner's setting" : "")}"));
    }

    /// <summary>MAIL-7: the guard holds what it must, lets through what it may, and tokens that come back count by their signature.</summary>
    public static Outcome Guarded(StoreLook look)
    {
        foreach (var (kind, text) in DraftCorpus.Held)
            if (look.Guard(Input(text)).Count == 0)
                return Outcome.Fail($"a draft that {kind} would leave by itself");
        if (look.Guard(Input(DraftCorpus.Good)) is [var finding, ..])
            return Outcome.Warn($"a draft that says what knowledge says is held: {finding.Rule}");
        var (tokens, subject) = (look.Get<ReplyTokens>(), new TokenSubject("tguide", "oguide"));
        foreach (var (kind, token) in new[]
        {
            ("bounce address", tokens.BounceAddress(subject, "replymint.invalid")), ("Message-ID", tokens.MessageId(subject, "replymint.invalid")), ("loop mark", tokens.LoopMark(subject)), ("withdrawal", tokens.Withdrawal(subject)),
        })
            if (Read(look, tokens, kind, token) != subject || Read(look, tokens, kind, Forged(token)) is not null)
                return Outcome.Fail($"a forged {kind} is believed, or a genuine one is not");
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{DraftCorpus.Held.Count} kinds of drafts are held for a person, one that rests on knowledge passes; forged bounce addresses, Message-IDs, loop marks and withdrawals are not believed"));
    }

    private static TokenSubject? Read(StoreLook look, ReplyTokens tokens, string kind, string token) => look.ReadToken is { } read ? read(kind, token) : kind switch
    {
        "bounce address" => tokens.ReadBounceAddress(token, "tguide"),
        "Message-ID" => tokens.ReadMessageId(token),
        "loop mark" => tokens.ReadLoopMark(token),
        _ => tokens.ReadWithdrawal(token),
    };

    private static GuardInput Input(string text) => new()
    {
        Text = text, Mailbox = new() { Id = "guide", TenantId = "guide", Address = MachineMails.Mailbox, DisplayName = "Shop" },
        Mail = MailParser.Parse(Encoding.UTF8.GetBytes(MachineMails.People[0].Mail.ReplaceLineEndings("\r\n")), new(MachineMails.People[0].Path, MachineMails.Mailbox)),
        Passages = [new Passage("guide", "guide", DraftCorpus.Question, DraftCorpus.Passage)], Language = "en", SystemPrompt = $"Answer kindly. The mark is {DraftCorpus.Canary}.", Canary = DraftCorpus.Canary,
    };

    /// <summary>The last character of the signature, another one.</summary>
    private static string Forged(string token)
    {
        var last = token.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? at - 1 : token.Length - 1;
        return $"{token[..last]}{(token[last] == '0' ? '1' : '0')}{token[(last + 1)..]}";
    }

    /// <summary>MON-2: which lines are written at all.</summary>
    public static Outcome Lines(StoreLook look)
    {
        var writes = look.Writes ?? ((name, level) => look.Get<ILoggerFactory>().CreateLogger(name).IsEnabled(level));
        foreach (var name in s_talkative)
            if (writes(name, LogLevel.Debug))
                return Outcome.Fail($"lines of {name} are written from Debug on, which hold addresses and headers of requests");
        return Outcome.Pass($"lines from Information on, {(look.Settings.IsDevelopment ? "for a person who reads along" : "as JSON")}, with ids only; they go to the process's own output, and are kept for as long as the journal or the log group there says");
    }
}
