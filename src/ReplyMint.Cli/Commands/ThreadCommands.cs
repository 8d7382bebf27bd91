using System.CommandLine;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>What a person says of a thread: he answered himself, or it is over.</summary>
internal static class ThreadCommands
{
    public static Command Build() => new("thread", "say that you answered in a thread yourself, or that it is over")
    {
        Say("answered", "say that you answered yourself: drafts and answers that wait in the thread are taken back", "answered by a person; what waited in the thread is taken back",
            (desk, text) => (message, actor, ct) => desk.AnsweredAsync(message, text, actor, ct),
            new Option<string?>("--file") { HelpName = "FILE", Description = "what you answered; - reads it from standard input. Kept in shadow mode, to be compared with the draft" }),
        Say("close", "answer nothing in a thread by itself any more, and take back what waits in it", "closed", (desk, _) => desk.CloseAsync),
        Say("reopen", "decide on the thread's new mails as ever", "open again", (desk, _) => desk.ReopenAsync),
    };

    private static StoreCommand Say(string name, string description, string done, Func<ThreadDesk, string?, Func<Message, Actor, CancellationToken, Task>> act, Option<string?>? file = null)
    {
        var id = StoreWords.Id("ID", "a message of the thread, as listed");
        var tenant = StoreWords.TenantOption();
        var command = new StoreCommand(name, description, async (context, parse, ct) =>
        {
            var text = DraftCommands.Text(context);
            if (text?.Length is 0 or > DraftGuard.MaxCharacters)
                return context.Fail($"--file: must hold from 1 to {DraftGuard.MaxCharacters} characters");
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            if (await context.Get<Messages>().FindAsync(owner.Id, parse.GetValue(id)!, ct) is not { } message)
                return context.Fail($"there is no message {Plain.Line(parse.GetValue(id)!, 60)}; list them with: replymint messages list");
            await act(context.Get<ThreadDesk>(), text)(message, StoreWords.Actor, ct);
            context.Out.WriteLine($"{message.Id} {done}");
            return ExitCode.Ok;
        })
        {
            Arguments = { id }, Options = { tenant },
            ReadFiles = file is null ? null : (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(file), host, ct),
            Examples = file is null ? [] : ["thread answered ID", "thread answered ID --file answer.txt"],
        };
        if (file is not null)
            command.Options.Add(file);
        return command;
    }
}
