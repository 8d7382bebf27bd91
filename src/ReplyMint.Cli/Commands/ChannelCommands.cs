using System.CommandLine;
using System.Text;
using ReplyMint.Accounts;

namespace ReplyMint.Cli.Commands;

/// <summary>Ways in with a proof of their own. A secret comes from a file or standard input, never from the command line, which others can see.</summary>
internal static class ChannelCommands
{
    public static Command Build() => new("channel", "ways in with a proof of their own: a Mailgun account, or Amazon SES") { Add(), Set(), List(), Remove() };

    private static Option<string?> SecretOption() =>
        new("--secret-file") { HelpName = "FILE", Description = "mailgun: a file with the webhook signing key; - reads it from standard input" };

    private static Option<string[]> TopicOption() =>
        new("--topic") { HelpName = "ARN", Description = "ses: an SNS topic that is believed; may stand several times", AllowMultipleArgumentsPerToken = false };

    private static StoreCommand Add()
    {
        var kind = new Argument<string>("KIND") { Description = "mailgun or ses" };
        kind.AcceptOnlyFromAmong(Channel.Mailgun, Channel.Ses);
        var secret = SecretOption();
        var topics = TopicOption();
        var verdicts = new Option<bool>("--verdicts") { Description = "mailgun: the spam filter of its domains is on, so believe what it says of senders" };
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "the owner; left out it is the operator's, for the mailboxes of all tenants" };
        return new StoreCommand("add", "add a channel; its secret is sealed and never shown again", async (context, parse, ct) =>
        {
            var owner = parse.GetValue(tenant) is { } named ? (await context.TenantAsync(named, ct)).Id : Channel.Operator;
            var channel = new Channel("", owner, parse.GetValue(kind)!, SecretOf(context)) { Topics = TopicsOf(parse.GetValue(topics)), Verdicts = parse.GetValue(verdicts) };
            if (Problem(channel, context.Files.Count > 0) is { } problem)
                return context.Fail(problem);
            if (await context.Get<Channels>().AddAsync(channel, StoreWords.Actor, ct) is not { Id: var id })
                return context.Fail($"The tenant has {Channel.MostOfTenant} channels already; remove one that is not needed.");
            context.Out.WriteLine(channel.Kind == Channel.Ses
                ? $"{id} takes mail and events at /webhooks/ses/{id}; subscribe that address to the topic"
                : $"{id} takes mail at /webhooks/mailgun/{id}/inbound and events at /webhooks/mailgun/{id}/events");
            return ExitCode.Ok;
        })
        {
            Arguments = { kind }, Options = { secret, topics, verdicts, tenant },
            ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(secret), host, ct),
            Examples = ["channel add mailgun --secret-file signing-key.txt --verdicts", "channel add ses --topic arn:aws:sns:eu-west-1:123456789012:mail-in"],
        };
    }

    private static StoreCommand Set()
    {
        var id = StoreWords.Id("ID", "the channel");
        var secret = SecretOption();
        var topics = TopicOption();
        topics.Description = "ses: the SNS topics that are believed from now on, in place of all before";
        var verdicts = new Option<bool?>("--verdicts") { HelpName = "true|false", Description = "mailgun: whether the spam filter of its domains is on" };
        return new StoreCommand("set", "change a channel's secret, topics or verdicts; its address stays", async (context, parse, ct) =>
        {
            if (await context.Get<Channels>().FindAsync(parse.GetValue(id)!, ct) is not { } before)
                return Unknown(context, parse.GetValue(id)!);
            Channel After(Channel channel) => channel with
            {
                Secret = context.Files.Count > 0 ? SecretOf(context) : channel.Secret,
                Topics = TopicsOf(parse.GetValue(topics)) ?? channel.Topics,
                Verdicts = parse.GetValue(verdicts) ?? channel.Verdicts,
            };
            if (Problem(After(before), before.Kind == Channel.Mailgun || context.Files.Count > 0) is { } problem)
                return context.Fail(problem);
            if (!await context.Get<Channels>().ChangeAsync(before.Id, After, StoreWords.Actor, ct))
                return Unknown(context, before.Id);
            context.Out.WriteLine($"changed {before.Id}");
            return ExitCode.Ok;
        })
        {
            Arguments = { id }, Options = { secret, topics, verdicts },
            ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(secret), host, ct),
            Examples = ["channel set ID --verdicts true"],
        };
    }

    private static StoreCommand List()
    {
        return new StoreCommand("list", "list the channels of the operator and of all tenants", async (context, _, ct) =>
        {
            var owners = (await context.Get<Tenants>().ListAsync(ct)).Select(t => (t.Id, t.Name)).Prepend((Channel.Operator, Channel.Operator));
            var rows = new List<string[]>();
            foreach (var (id, name) in owners)
                foreach (var channel in await context.Get<Channels>().ListAsync(id, ct))
                    rows.Add([channel.Id, channel.Kind, Plain.Line(name, 60), channel.Kind == Channel.Ses ? string.Join(' ', channel.Topics ?? []) : channel.Verdicts ? "verdicts" : "no verdicts"]);
            StoreWords.Table(context.Out, rows, "ID", "KIND", "OWNER", "BELIEVES");
            return ExitCode.Ok;
        });
    }

    private static StoreCommand Remove()
    {
        var id = StoreWords.Id("ID", "the channel");
        var yes = StoreWords.YesOption();
        return new StoreCommand("remove", "remove a channel; what comes by it is refused from then on", async (context, parse, ct) =>
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
    private static string? Problem(Channel channel, bool hasSecret) => MailboxChecks.Channel(channel, hasSecret) is not { } wrong ? null
        : $"{wrong.Member switch { "secret" => "--secret-file", "topics" => "--topic", _ => "--" + wrong.Member }}: {wrong.What}";
}
