using System.CommandLine;
using ReplyMint.Inbound;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>What came in, and what became of it.</summary>
internal static class MessageCommands
{
    public static Command Build() => new("messages", "mails that came in, what was decided, and why") { List(), Show(), Retry(), Rate() };

    private static StoreCommand List()
    {
        var tenant = StoreWords.TenantOption();
        var limit = StoreWords.LimitOption();
        var json = StoreWords.JsonOption();
        return new StoreCommand("list", "list mails, the newest first", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (messages, _) = await context.Get<Messages>().ListAsync(owner.Id, Math.Clamp(parse.GetValue(limit), 1, 1000), null, ct);
            if (parse.GetValue(json))
                foreach (var message in messages)
                    context.Out.WriteLine(CliJson.Line(MessageView.Brief(message)));
            else
                StoreWords.Table(context.Out, [.. messages.Select(m => (string[])[m.Id, StoreWords.Time(m.Record.ReceivedAt), StoreWords.Word(m.Record.State),
                    string.Join(", ", m.Record.Reasons), m.Summary.From.Address, m.Summary.Subject])], "ID", "RECEIVED", "STATE", "WHY", "FROM", "SUBJECT");
            return ExitCode.Ok;
        }) { Options = { tenant, limit, json } };
    }

    private static StoreCommand Show()
    {
        var id = StoreWords.Id("ID", "the message, as listed");
        var tenant = StoreWords.TenantOption();
        var json = StoreWords.JsonOption();
        return new StoreCommand("show", "show a mail, every rule that decided on it, and its answer", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            if (await context.Get<Messages>().FindAsync(owner.Id, parse.GetValue(id)!, ct) is not { } message)
                return context.Fail(None(parse.GetValue(id)!));
            var view = await MessageView.WholeAsync(context, message, ct);
            if (parse.GetValue(json))
                context.Out.WriteLine(CliJson.Line(view));
            else
                view.Write(context.Out);
            return ExitCode.Ok;
        }) { Arguments = { id }, Options = { tenant, json } };
    }

    private static StoreCommand Retry()
    {
        var id = StoreWords.Id("ID", "a held message");
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("retry", "decide on a held mail anew, such as after knowledge was added", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            return DraftCommands.Tell(context, parse.GetValue(id)!, "will be decided on anew", await context.Get<DraftDesk>().RetryAsync(owner.Id, parse.GetValue(id)!, StoreWords.Actor, ct));
        }) { Arguments = { id }, Options = { tenant } };
    }

    private static StoreCommand Rate()
    {
        var id = StoreWords.Id("ID", "a message that was answered");
        var thumb = new Argument<string>("THUMB") { Description = "up, down, or none to take it back" };
        thumb.AcceptOnlyFromAmong("up", "down", "none");
        var reasons = new Option<string?>("--reasons") { HelpName = "REASONS", Description = $"of a thumb down, separated by commas: {string.Join(", ", Enum.GetValues<ThumbReason>().Select(WireWord.Of))}" };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("thumb", "say what you think of an answer; saying it again changes it", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (named, given) = (Plain.Line(parse.GetValue(id)!, 60), parse.GetValue(thumb));
            var words = (parse.GetValue(reasons) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (WireWord.Read<ThumbReason>("--reasons", words, out var said) is not null)
                return context.Fail($"--reasons: one of these is no reason; see: replymint messages thumb --help");
            if (said.Count > 0 && given != "down")
                return context.Fail("--reasons: are given with a thumb down");
            return await context.Get<Thumbs>().GiveAsync(owner.Id, parse.GetValue(id)!, given == "none" ? null : given == "up" ? Thumb.Up : Thumb.Down, said, StoreWords.Actor, ct) switch
            {
                ThumbOutcome.Done => Done(context, given == "none" ? $"{named} has no thumb of yours" : $"{named} has your thumb {given}"),
                ThumbOutcome.NotAnswered => context.Fail($"{named} has no answer to say that of"),
                ThumbOutcome.TooMany => context.Fail($"{Thumbs.MostOfAnswer} have said what they think of the answer to {named} already"),
                _ => context.Fail(None(parse.GetValue(id)!)),
            };
        }) { Arguments = { id, thumb }, Options = { reasons, tenant }, Examples = ["messages thumb ID up", "messages thumb ID down --reasons wrong,tone"] };
    }

    private static int Done(CommandContext context, string line)
    {
        context.Out.WriteLine(line);
        return ExitCode.Ok;
    }

    private static string None(string id) => $"there is no message {Plain.Line(id, 60)}; list them with: replymint messages list";
}
