using System.CommandLine;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>Ways in with a proof of their own. A secret comes from a file or standard input, never from the command line, which others can see.</summary>
internal static class ChannelCommands
{
    public static Command Build() => new("channel", "ways in with a proof of their own: a Mailgun account, Amazon SES, or a mailbox by IMAP; and servers that a mailbox's answers leave by") { Add(), Set(), List(), Check(), Remove() };

    private static Option<string?> SecretOption() =>
        new("--secret-file") { HelpName = "FILE", Description = "mailgun: a file with the webhook signing key; imap, smtp: with the password, or the refresh token; - reads it from standard input" };

    private static Option<string[]> TopicOption() =>
        new("--topic") { HelpName = "ARN", Description = "ses: an SNS topic that is believed; may stand several times", AllowMultipleArgumentsPerToken = false };

    private static StoreCommand Add()
    {
        var kind = new Argument<string>("KIND") { Description = "mailgun, ses, imap or smtp" };
        kind.AcceptOnlyFromAmong(Channel.Mailgun, Channel.Ses, Channel.ByImap, Channel.BySmtp);
        var account = new AccountOptions();
        var secret = SecretOption();
        var topics = TopicOption();
        var verdicts = new Option<bool>("--verdicts") { Description = "mailgun: the spam filter of its domains is on, so believe what it says of senders" };
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "the owner; left out it is the operator's, for the mailboxes of all tenants; imap, smtp: the mailbox's" };
        return account.AddTo(new StoreCommand("add", "add a channel; its secret is sealed and never shown again", async (context, parse, ct) =>
        {
            var owner = parse.GetValue(tenant) is { } named ? (await context.TenantAsync(named, ct)).Id : Channel.Operator;
            var wanted = new Channel("", owner, parse.GetValue(kind)!, SecretOf(context)) { Topics = TopicsOf(parse.GetValue(topics)), Verdicts = parse.GetValue(verdicts) };
            wanted = AccountOptions.Parted(await account.ReadAsync(parse, context, wanted, ct));
            if (Problem(context, wanted, context.Files.Count > 0) is { } problem)
                return context.Fail(problem);
            var (result, added) = await context.Get<Channels>().AddAsync(wanted, StoreWords.Actor, ct);
            if (added is not { Id: var id })
                return context.Fail(result == ClaimResult.Taken ? "Answers of the mailbox leave by another server already; remove that channel first: replymint channel list" : $"The tenant has {Channel.MostOfTenant} channels already; remove one that is not needed.");
            context.Out.WriteLine(wanted.Kind switch
            {
                Channel.ByImap => $"{id} is looked into from now on; see what is seen there: replymint channel check {id}",
                Channel.BySmtp => $"answers of the mailbox leave by {id} from now on; see whether it lets us in: replymint channel check {id}",
                Channel.Ses => $"{id} takes mail and events at /webhooks/ses/{id}; subscribe that address to the topic",
                _ => $"{id} takes mail at /webhooks/mailgun/{id}/inbound and events at /webhooks/mailgun/{id}/events",
            });
            return ExitCode.Ok;
        })
        {
            Arguments = { kind }, Options = { secret, topics, verdicts, tenant },
            ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(secret), host, ct),
            Examples = ["channel add mailgun --secret-file signing-key.txt --verdicts", "channel add ses --topic arn:aws:sns:eu-west-1:123456789012:mail-in", "channel add imap --mailbox support@shop.example --host imap.shop.example --user support --server mx.shop.example --secret-file password.txt", "channel add smtp --mailbox support@shop.example --host smtp.shop.example --user support --secret-file password.txt"],
        });
    }

    private static StoreCommand Set()
    {
        var id = StoreWords.Id("ID", "the channel");
        var secret = SecretOption();
        var topics = TopicOption();
        topics.Description = "ses: the SNS topics that are believed from now on, in place of all before";
        var verdicts = new Option<bool?>("--verdicts") { HelpName = "true|false", Description = "mailgun: whether the spam filter of its domains is on" };
        var account = new AccountOptions();
        return account.AddTo(new StoreCommand("set", "change a channel's secret, topics, verdicts or account; its address stays", async (context, parse, ct) =>
        {
            if (await context.Get<Channels>().FindAsync(parse.GetValue(id)!, ct) is not { } before)
                return Unknown(context, parse.GetValue(id)!);
            Channel After(Channel channel) => AccountOptions.Parted(account.After(parse, channel with
            {
                Secret = context.Files.Count > 0 ? SecretOf(context) : channel.Secret,
                Topics = TopicsOf(parse.GetValue(topics)) ?? channel.Topics,
                Verdicts = parse.GetValue(verdicts) ?? channel.Verdicts,
            }));
            if (Problem(context, After(before), before.Kind != Channel.Ses || context.Files.Count > 0) is { } problem)
                return context.Fail(problem);
            if (!await context.Get<Channels>().ChangeAsync(before.Id, After, StoreWords.Actor, ct))
                return Unknown(context, before.Id);
            context.Out.WriteLine($"changed {before.Id}");
            return ExitCode.Ok;
        })
        {
            Arguments = { id }, Options = { secret, topics, verdicts },
            ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(secret), host, ct),
            Examples = ["channel set ID --verdicts true", "channel set ID --secret-file password.txt"],
        });
    }

    private static StoreCommand List()
    {
        return new StoreCommand("list", "list the channels of the operator and of all tenants", async (context, _, ct) =>
        {
            var owners = (await context.Get<Tenants>().ListAsync(ct)).Select(t => (t.Id, t.Name)).Prepend((Channel.Operator, Channel.Operator));
            var rows = new List<string[]>();
            foreach (var (id, name) in owners)
                foreach (var channel in await context.Get<Channels>().ListAsync(id, ct))
                    rows.Add([channel.Id, channel.Kind, Plain.Line(name, 60), await SaidAsync(context, channel, ct)]);
            StoreWords.Table(context.Out, rows, "ID", "KIND", "OWNER", "BELIEVES");
            return ExitCode.Ok;
        });
    }

    private static StoreCommand Check()
    {
        var id = StoreWords.Id("ID", "an imap or smtp channel");
        return new StoreCommand("check", "sign in to a channel's account, and say what is seen there; nothing is changed, and nothing sent", async (context, parse, ct) =>
        {
            if (await context.Get<Channels>().FindAsync(parse.GetValue(id)!, ct) is not { } channel)
                return Unknown(context, parse.GetValue(id)!);
            if (channel.Account is null)
                return context.Fail($"{channel.Id} has no account: mail is brought to it");
            var (lines, problem) = channel.Smtp is not null ? await context.Get<OwnServers>().LookAsync(channel, ct) : await context.Get<ImapCheck>().LookAsync(channel, ct);
            foreach (var line in lines)
                context.Out.WriteLine(Plain.Line(line));
            return problem is not null ? context.Fail(Plain.Line(problem)) : ExitCode.Ok;
        }) { Arguments = { id } };
    }

    /// <summary>Whom a channel believes of senders, or for a way out its server; and what is wrong with it.</summary>
    private static async Task<string> SaidAsync(CommandContext context, Channel channel, CancellationToken ct) => channel switch
    {
        { Imap: { } account } => (account.Server.Length > 0 ? account.Server : "nobody") + await StateAsync(context, channel, ct),
        { Smtp: not null } when context.Get<Channels>().AreOnAws => "(not used: functions on AWS get out by HTTPS only; remove it)",
        { Smtp: { } account } => $"(answers leave by {Plain.Line(account.Host)})",
        { Kind: Channel.Ses } => string.Join(' ', channel.Topics ?? []),
        _ => channel.Verdicts ? "verdicts" : "no verdicts",
    };

    private static async Task<string> StateAsync(CommandContext context, Channel channel, CancellationToken ct) =>
        await context.Get<ImapPositions>().FindAsync(channel, ct) is not { } position ? "; not looked into yet" : position.Problem is { } problem ? "; " + problem : "";

    private static StoreCommand Remove()
    {
        var id = StoreWords.Id("ID", "the channel");
        var yes = StoreWords.YesOption();
        return new StoreCommand("remove", "remove a channel; what comes by it is refused from then on, and nothing leaves by it", async (context, parse, ct) =>
        {
            if (!parse.GetValue(yes) && !await context.Confirm($"Remove channel {parse.GetValue(id)}?", ct))
                return ExitCode.Failed;
            if (!await context.Get<Channels>().RemoveAsync(parse.GetValue(id)!, StoreWords.Actor, ct))
                return Unknown(context, parse.GetValue(id)!);
            context.Out.WriteLine($"removed {parse.GetValue(id)}");
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { yes } };
    }

    private static int Unknown(CommandContext context, string id) =>
        context.Fail($"there is no channel {Plain.Line(id, 60)}; list them with: replymint channel list");

    private static string SecretOf(CommandContext context) => context.Files.Count > 0 ? Encoding.UTF8.GetString(context.Files[0].Bytes).Trim() : "";

    private static string[]? TopicsOf(string[]? named) => named is { Length: > 0 } ? [.. named.Distinct(StringComparer.Ordinal)] : null;

    /// <summary>What does not fit the channel's kind, as a line for the user.</summary>
    private static string? Problem(CommandContext context, Channel channel, bool hasSecret) =>
        MailboxChecks.Channel(channel, hasSecret, context.Get<OutsideAddress>(), context.Get<HttpSettings>().Environment.NeedsHttps(), context.Get<Channels>().AreOnAws) is not { } wrong ? null
            : $"{wrong.Member switch { "secret" => "--secret-file", "topics" => "--topic", Channel.ByImap or Channel.BySmtp => "--mailbox, --host and --user", [_, _, _, _, '.', .. var of] => "--" + of, _ => "--" + wrong.Member }}: {wrong.What}";
}
