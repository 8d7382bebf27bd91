using System.CommandLine;
using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Privacy;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Erasing for good: somebody who wrote, a person who signs in, a tenant, one mail; and holding a restored store to it.</summary>
internal static class EraseCommands
{
    // A line of the ledger is far smaller; what is not is none.
    private const int MaxLineBytes = 64 * 1024;
    private const int MostShown = 20;

    public static Command Build() => new("erase", "erase people, tenants, mails for good") { Correspondent(), User(), Tenant(), Mail(), List(), Show(), Replay() };

    private static StoreCommand Correspondent()
    {
        var address = new Argument<string>("ADDRESS") { Description = "who wrote" };
        var tenant = StoreWords.TenantOption();
        var yes = StoreWords.YesOption();
        return new StoreCommand("correspondent", "erase somebody who wrote to a tenant, with all mails, drafts and answers", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var wanted = UserCommands.Normalized(parse.GetValue(address)!);
            return !parse.GetValue(yes) && !await context.Confirm($"Erase all that {Plain.Line(wanted)} wrote to {Plain.Line(owner.Name)}, and what was answered? It can't be undone.", ct)
                ? ExitCode.Failed : await RunAsync(context, await context.Get<Erasures>().CorrespondentAsync(owner.Id, wanted, StoreWords.Actor, ct), "", ct);
        }) { Arguments = { address }, Options = { tenant, yes }, Examples = ["erase correspondent anna@customer.example --tenant Acme"] };
    }

    private static StoreCommand User()
    {
        var address = UserCommands.AddressArgument();
        var yes = StoreWords.YesOption();
        return new StoreCommand("user", "erase a person who signs in: account, factors, sessions, keys, notes", async (context, parse, ct) =>
        {
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            return !parse.GetValue(yes) && !await context.Confirm($"Erase {Plain.Line(user.Address)}? It can't be undone.", ct)
                ? ExitCode.Failed : await RunAsync(context, await context.Get<Erasures>().UserAsync(user.Address, StoreWords.Actor, ct), "there is no such user", ct);
        }) { Arguments = { address }, Options = { yes } };
    }

    private static StoreCommand Tenant()
    {
        var name = new Argument<string>("NAME") { Description = "name or id" };
        var yes = new Option<string?>("--yes") { HelpName = "ID", Description = "the tenant's id, typed out, so that it is no mistake" };
        return new StoreCommand("tenant", "erase a tenant with all it has; its audit log stays", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(name), ct);
            return parse.GetValue(yes) != owner.Id
                ? context.Fail($"this erases {Plain.Line(owner.Name)} with all its mail, knowledge and people; it can't be undone. To do it, add: --yes {owner.Id}")
                : await RunAsync(context, await context.Get<Erasures>().TenantAsync(owner.Id, StoreWords.Actor, ct), "there is no such tenant", ct);
        }) { Arguments = { name }, Options = { yes } };
    }

    private static StoreCommand Mail()
    {
        var id = StoreWords.Id("ID", "the mail, as listed");
        var tenant = StoreWords.TenantOption();
        var yes = StoreWords.YesOption();
        return new StoreCommand("mail", "erase one mail, such as one that quotes somebody who was erased", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            return !parse.GetValue(yes) && !await context.Confirm($"Erase the mail {Plain.Line(parse.GetValue(id)!, 60)}? It can't be undone.", ct)
                ? ExitCode.Failed : await RunAsync(context, await context.Get<Erasures>().MailAsync(owner.Id, parse.GetValue(id)!, StoreWords.Actor, ct), "there is no such mail; list them with: replymint messages list", ct);
        }) { Arguments = { id }, Options = { tenant, yes } };
    }

    private static StoreCommand List()
    {
        var limit = StoreWords.LimitOption();
        return new StoreCommand("list", "list erasures of all tenants, users and mails", async (context, parse, ct) =>
        {
            var rows = new List<string[]>();
            foreach (var home in (await context.Get<Tenants>().ListAsync(ct)).Select(tenant => tenant.Id).Prepend(KeyRing.Installation))
                foreach (var erasure in (await context.Get<Erasures>().ListAsync(home, Math.Clamp(parse.GetValue(limit), 1, 1000), null, ct)).Erasures)
                    rows.Add([erasure.Id, StoreWords.Time(erasure.At), StoreWords.Word(erasure.Kind), erasure.Kind == ErasureKind.Correspondent ? erasure.Tenant : erasure.Subject, StoreWords.Word(erasure.State), erasure.Found == 0 ? "" : $"{erasure.Found} found elsewhere"]);
            StoreWords.Table(context.Out, rows, "ID", "AT", "KIND", "OF", "STATE", "");
            return ExitCode.Ok;
        }) { Options = { limit } };
    }

    private static StoreCommand Show()
    {
        var id = StoreWords.Id("ID", "the erasure, as listed");
        var certificate = new Option<bool>("--certificate") { Description = "only the signed certificate, for a file" };
        return new StoreCommand("show", "show how far an erasure got, what it left to decide, and its certificate", async (context, parse, ct) =>
        {
            foreach (var home in (await context.Get<Tenants>().ListAsync(ct)).Select(tenant => tenant.Id).Prepend(KeyRing.Installation))
            {
                if (await context.Get<Erasures>().FindAsync(home, parse.GetValue(id)!, ct) is not { Erasure: var erasure })
                    continue;
                if (!parse.GetValue(certificate))
                    await WriteAsync(context, erasure, ct);
                else if (erasure.Certificate is { } signed)
                    context.Out.WriteLine(signed);
                else
                    return context.Fail("it has no certificate (yet)");
                return ExitCode.Ok;
            }
            return context.Fail($"there is no erasure {Plain.Line(parse.GetValue(id)!, 60)}; list them with: replymint erase list");
        }) { Arguments = { id }, Options = { certificate } };
    }

    private static StoreCommand Replay()
    {
        var folder = new Option<string?>("--ledger") { HelpName = "FOLDER", Description = "a folder with the ledgers' lines, beside the places of audit.anchors" };
        var nothing = new Option<bool>("--nothing-was-erased-since") { Description = "open the store without any copy of the ledger, since nobody was erased after the backup" };
        return new StoreCommand("replay", "erase again what a restored backup brought back, and let wishes of after it count; then the store may serve", async (context, parse, ct) =>
        {
            try
            {
                if (await context.Get<ErasureReplay>().ReplayAsync(context.Files.Select(file => file.Bytes), parse.GetValue(nothing), ct) is not { } result)
                    return context.Fail("only this store's own ledger is there, and what was erased after the backup is not in it; name a copy with --ledger FOLDER, set audit.anchors (a place there that holds none of this installation's records does not count: is its path right, is its disk mounted?), or say --nothing-was-erased-since");
                context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Lines} erasures were looked at, {result.Again} had something to remove again"));
                context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Wishes} addresses have a word in the ledger of wishes, {result.Withdrawn} of them get no automatic answers again"));
                if (!result.Elsewhere)
                    context.Error.WriteLine("(who said after the backup that he wants no automatic answers is not known here; write down again whom you know of: replymint consent withdraw ADDRESS)");
                if (result.Refused > 0)
                    context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({result.Refused} documents are no lines of this installation's ledger; they were left out)"));
                if (result.Silent is { } silent)
                    context.Error.WriteLine($"(of audit.anchors, {silent})");
                foreach (var place in result.Strange)
                    context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"(place {place} of audit.anchors holds none of this installation's records: is its path right, is its disk mounted?)"));
                return ExitCode.Ok;
            }
            catch (IOException e)
            {
                return context.Fail($"the ledger can't be read ({e.Message}); the store stays shut until it was");
            }
        })
        {
            Options = { folder, nothing }, OpensRestored = true,
            ReadFiles = (parse, host, ct) => Task.FromResult<IReadOnlyList<ForwardedFile>>(parse.GetValue(folder) is { } named ? Lines(host.Full(named)) : []),
        };
    }

    private static List<ForwardedFile> Lines(string folder)
    {
        if (!Directory.Exists(folder))
            throw new IOException($"there is no folder {folder}");
        // A place of audit.anchors holds the signed roots and checkpoints as well, which are no lines of any ledger.
        return [.. new DirectoryInfo(folder).EnumerateFiles("*.json", SearchOption.AllDirectories)
            .Where(file => file.Length <= MaxLineBytes && $"{file.Directory!.Name}/" is not (RootNames.Folder or RootNames.CheckpointFolder)).OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => new ForwardedFile(file.Name, File.ReadAllBytes(file.FullName)))];
    }

    /// <summary>Carries an erasure out to its end; should this end before, the server or the next command does.</summary>
    private static async Task<int> RunAsync(CommandContext context, ErasureStart start, string notFound, CancellationToken ct)
    {
        if (start is not ErasureStart.Started { Erasure: var erasure })
            return context.Fail(start switch
            {
                ErasureStart.Refused { Why: var why } => why,
                ErasureStart.Busy => $"{Erasures.MostAtOnce} erasures are under way; begin this one when some are done",
                _ => notFound,
            });
        if (erasure.State == ErasureState.Held)
        {
            context.Out.WriteLine($"{erasure.Id} waits: a legal hold keeps this. It begins by itself once that is lifted (replymint hold list)");
            return ExitCode.Ok;
        }
        context.Error.WriteLine("(the key is destroyed; nothing of it can be read any more. What it sealed is being removed)");
        var told = ErasureStep.Jobs;
        while (await context.Get<ErasureWork>().RunAsync(erasure.Home, erasure.Id, ct) is { } progress)
        {
            erasure = progress.Erasure;
            if (progress.Progress == Progress.Done)
                break;
            if (progress.Progress == Progress.Wait)
                await Task.Delay(TimeSpan.FromMilliseconds(200), ct);
            if (erasure.Step != told)
                context.Error.WriteLine($"({StoreWords.Word(told = erasure.Step)})");
        }
        await WriteAsync(context, erasure, ct);
        return ExitCode.Ok;
    }

    private static async Task WriteAsync(CommandContext context, Erasure erasure, CancellationToken ct)
    {
        context.Out.WriteLine($"{erasure.Id} {StoreWords.Word(erasure.Kind)}: {(erasure.State == ErasureState.Running ? $"running ({StoreWords.Word(erasure.Step)})" : StoreWords.Word(erasure.State))}");
        foreach (var (kind, count) in await context.Get<ErasureCounts>().ReadAsync(erasure, ct))
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"gone   {count} {kind}"));
        if (erasure.Certificate is { } signed && ErasureCertificates.Read(signed) is { } certificate)
        {
            foreach (var line in certificate.Later)
                context.Out.WriteLine($"later  {line.What}: {line.Why}");
            foreach (var line in certificate.Stays)
                context.Out.WriteLine($"stays  {line.What}: {line.Why}");
        }
        var (found, next) = await context.Get<Erasures>().FoundAsync(erasure, MostShown, null, ct);
        foreach (var one in found)
            context.Out.WriteLine($"holds the address, for you to decide: {one.What} {one.Id} ({string.Join(", ", one.Where)})");
        if (next is not null)
            context.Out.WriteLine($"and more: {erasure.Found} in all; see GET /api/v1/erasures/{erasure.Id}/found");
        if (found.Any(one => one.What == AddressSearch.Mail))
            context.Out.WriteLine("erase one of them with: replymint erase mail ID");
        if (erasure.Certificate is not null)
            context.Out.WriteLine($"certificate: replymint erase show {erasure.Id} --certificate");
    }
}
