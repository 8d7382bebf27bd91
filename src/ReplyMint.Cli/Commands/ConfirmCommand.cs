using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>After a restore: who still belongs where. The store can't know who was removed after its backup.</summary>
internal static class ConfirmCommand
{
    public static StoreCommand Build()
    {
        var address = new Argument<string?>("ADDRESS") { Description = "the person's mail address; without it the command lists who waits", Arity = ArgumentArity.ZeroOrOne };
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "only there, by name or id; \"installation\" is the operators' own place" };
        var all = new Option<bool>("--all") { Description = "everybody who waits" };
        var yes = StoreWords.YesOption();
        return new StoreCommand("confirm", "after a restore: say that somebody still belongs, or list who waits for that", async (context, parse, ct) =>
        {
            var named = parse.GetValue(tenant);
            var wanted = parse.GetValue(address) is { } written ? await context.UserAsync(written, ct) : null;
            var held = new List<(string Tenant, string Name, Membership Member, string Address)>();
            foreach (var (id, name) in await PlacesAsync(context, named, ct))
                foreach (var member in await context.Get<Members>().ListAsync(id, ct))
                    if (member.HeldSince is not null && (wanted is null || wanted.Id == member.User))
                        held.Add((id, name, member, (await context.Get<Users>().FindAsync(member.User, ct))?.Address ?? "?"));
            if (wanted is null && !parse.GetValue(all))
            {
                StoreWords.Table(context.Out, [.. held.Select(one => (string[])[one.Address, StoreWords.Word(one.Member.Role), one.Name, StoreWords.Time(one.Member.AddedAt)])], "ADDRESS", "ROLE", "TENANT", "SINCE");
                return ExitCode.Ok;
            }
            if (wanted is null && held.Count > 0 && !parse.GetValue(yes) && !await context.Confirm($"Let {held.Count} members and operators in again, though some may have been removed after the backup?", ct))
                return ExitCode.Failed;
            foreach (var one in held)
                if (await context.Get<MemberDesk>().ConfirmAsync(one.Tenant, one.Member.User, StoreWords.Actor, ct))
                    context.Out.WriteLine($"{Plain.Line(one.Address)} is {StoreWords.Word(one.Member.Role)} of {Plain.Line(one.Name)} again");
            return held.Count > 0 ? ExitCode.Ok : context.Fail("nobody like that waits to be confirmed; list them with: replymint user confirm");
        })
        {
            Arguments = { address }, Options = { tenant, all, yes }, Examples = ["user confirm", "user confirm lead@example.com --tenant Acme"],
        };
    }

    private static async Task<IReadOnlyList<(string Id, string Name)>> PlacesAsync(CommandContext context, string? named, CancellationToken ct)
    {
        (string, string) operators = (KeyRing.Installation, "this installation");
        if (named == KeyRing.Installation)
            return [operators];
        if (named is not null)
            return [await context.TenantAsync(named, ct) is var owner ? (owner.Id, owner.Name) : default];
        return [operators, .. (await context.Get<Tenants>().ListAsync(ct)).Select(one => (one.Id, one.Name))];
    }
}
