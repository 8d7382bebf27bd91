using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Work that was given up, and another life for it. Mails that could not be sent stand in the outbox instead.</summary>
internal static class JobCommands
{
    public static Command Build() => new("jobs", "work that was given up (dead letters)") { List(), Replay() };

    private static StoreCommand List() =>
        new("list", "list what was given up, and why", async (context, _, ct) =>
        {
            var rows = new List<string[]>();
            foreach (var (id, name) in await OwnersAsync(context, ct))
                foreach (var dead in await context.Get<JobQueue>().DeadAsync(id, ct))
                    rows.Add([dead.Job.Target, dead.Job.Kind, StoreWords.Time(dead.At), name, dead.Reason]);
            StoreWords.Table(context.Out, rows, "ID", "KIND", "SINCE", "OWNER", "WHY");
            return ExitCode.Ok;
        });

    private static StoreCommand Replay()
    {
        var id = StoreWords.Id("ID", "of the list");
        return new StoreCommand("replay", "try it again", async (context, parse, ct) =>
        {
            var wanted = parse.GetValue(id)!;
            foreach (var (owner, _) in await OwnersAsync(context, ct))
                foreach (var dead in await context.Get<JobQueue>().DeadAsync(owner, ct))
                    if (dead.Job.Target == wanted && await ReplayAsync(context, owner, dead, ct))
                    {
                        context.Out.WriteLine($"{wanted} ({dead.Job.Kind}) is tried again");
                        return ExitCode.Ok;
                    }
            return context.Fail($"nothing of the name {Plain.Line(wanted, 60)} was given up; list what was with: replymint jobs list");
        })
        { Arguments = { id }, Examples = ["jobs replay 01m884dvp514ynrbd22954ecv6"] };
    }

    private static Task<bool> ReplayAsync(CommandContext context, string owner, DeadJob dead, CancellationToken ct) =>
        context.Get<JobQueue>().ReplayAsync(owner, dead.Job.Kind, dead.Job.Target,
            (commit, token) => context.Get<AuditLog>().AppendAsync(commit, owner, new AuditEntry(StoreWords.Actor, "job.replay", dead.Job.Target), token), ct);

    private static async Task<IEnumerable<(string Id, string Name)>> OwnersAsync(CommandContext context, CancellationToken ct) =>
        (await context.Get<Tenants>().ListAsync(ct)).Select(tenant => (tenant.Id, tenant.Name)).Prepend((KeyRing.Installation, KeyRing.Installation));
}
