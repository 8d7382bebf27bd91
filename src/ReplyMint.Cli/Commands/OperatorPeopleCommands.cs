using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>People who run the installation. They are made here and never over HTTP.</summary>
internal static class OperatorPeopleCommands
{
    public static Command Build() => new("operator", "people who run this installation") { Create(), List(), Remove() };

    private static StoreCommand Create()
    {
        var address = UserCommands.AddressArgument();
        return new StoreCommand("create", "make somebody an operator", async (context, parse, ct) =>
        {
            var (_, user) = await context.Get<MemberDesk>().AddAsync(KeyRing.Installation, UserCommands.Normalized(parse.GetValue(address)!), Role.Operator, StoreWords.Actor, ct);
            context.Out.WriteLine($"{user.Id} {Plain.Line(user.Address)} is an operator; next: replymint user sign-in-link {Plain.Line(user.Address)} --tenant {KeyRing.Installation}");
            return ExitCode.Ok;
        }) { Arguments = { address }, MakesStore = true, Examples = ["operator create ops@example.com"] };
    }

    private static StoreCommand List() => new("list", "list the operators", async (context, _, ct) =>
    {
        var rows = new List<string[]>();
        foreach (var member in await context.Get<Members>().ListAsync(KeyRing.Installation, ct))
            rows.Add([member.User, (await context.Get<Users>().FindAsync(member.User, ct))?.Address ?? "?", StoreWords.Time(member.AddedAt), member.HeldSince is null ? "" : UserCommands.Unconfirmed]);
        StoreWords.Table(context.Out, rows, "ID", "ADDRESS", "SINCE", "");
        return ExitCode.Ok;
    });

    private static StoreCommand Remove()
    {
        var address = UserCommands.AddressArgument();
        return new StoreCommand("remove", "take an operator's role away; the last one stays", async (context, parse, ct) =>
        {
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            switch (await context.Get<MemberDesk>().RemoveAsync(KeyRing.Installation, user.Id, StoreWords.Actor, ct))
            {
                case MemberChange.NotFound:
                    return context.Fail($"{Plain.Line(user.Address)} is no operator; list them with: replymint operator list");
                case MemberChange.LastAdmin:
                    return context.Fail("this is the last operator; make another one first");
            }
            context.Out.WriteLine($"{Plain.Line(user.Address)} is no operator any more");
            return ExitCode.Ok;
        }) { Arguments = { address } };
    }
}
