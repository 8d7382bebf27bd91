using System.CommandLine;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Outbound;
using ReplyMint.Secrets;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>New keys by command; most of them change by themselves, too.</summary>
internal static class RotateCommands
{
    public static StoreCommand Rotate()
    {
        var name = new Argument<string>("NAME") { Description = "tenant-key, pepper, signing-key, attestation-key, master-key, webhook/TENANT/ID, or all (the first three)" };
        var tenant = new Option<string?>("--tenant") { HelpName = "NAME", Description = "tenant-key: this tenant's; \"installation\" for the installation's own" };
        var all = new Option<bool>("--all") { Description = "tenant-key: of all tenants and of the installation" };
        var newKey = new Option<string?>("--new-key") { HelpName = "FILE", Description = "master-key: a file with the new key (base64 of 32 bytes), where we can't write the old one's" };
        return new StoreCommand("rotate", "replace a key; what is sealed or signed with the old one stays readable until it is done anew", async (context, parse, ct) =>
        {
            var wanted = parse.GetValue(name)!;
            switch (wanted)
            {
                case "tenant-key":
                    return await TenantKeysAsync(context, await TenantsAsync(context, parse.GetValue(tenant), parse.GetValue(all), ct), ct);
                case "pepper":
                    return await PepperAsync(context, ct);
                case "signing-key":
                    return await SigningKeyAsync(context, ct);
                case "attestation-key":
                    context.Out.WriteLine($"{(await context.Get<AttestationKeys>().RotateAsync(StoreWords.Actor, ct)).Id} signs statements from now on; what was signed before stays provable");
                    return ExitCode.Ok;
                case "master-key":
                    return await MasterKeyAsync(context, parse.GetValue(newKey), ct);
                case "all":
                    await PepperAsync(context, ct);
                    await SigningKeyAsync(context, ct);
                    return await TenantKeysAsync(context, await TenantsAsync(context, null, true, ct), ct);
                case var listed when listed.Split('/') is ["tenant-key", var id]:
                    return await TenantKeysAsync(context, await TenantsAsync(context, id, false, ct), ct);
                case var listed when listed.Split('/') is ["webhook", var owner, var id]:
                    return await WebhookAsync(context, owner, id, ct);
                default:
                    return context.Fail(wanted.StartsWith("channel/", StringComparison.Ordinal) || wanted.StartsWith("store:", StringComparison.Ordinal) || wanted.StartsWith("parameter:", StringComparison.Ordinal)
                        ? $"only whoever gives out {Plain.Line(wanted, 60)} can make a new one; get it there, then: replymint secrets set {Plain.Line(wanted, 60)}"
                        : $"{Plain.Line(wanted, 60)} is nothing that can be rotated; see: replymint secrets rotate --help");
            }
        })
        {
            Arguments = { name }, Options = { tenant, all, newKey },
            Examples = ["secrets rotate all", "secrets rotate tenant-key --tenant Acme", "secrets rotate master-key"],
        };
    }

    private static async Task<IReadOnlyList<string>> TenantsAsync(CommandContext context, string? named, bool all, CancellationToken ct)
    {
        if (named == KeyRing.Installation)
            return [KeyRing.Installation];
        if (!all)
            return [(await context.TenantAsync(named, ct)).Id];
        var ids = new List<string> { KeyRing.Installation };
        await foreach (var id in context.Get<Tenants>().IdsAsync(ct))
            ids.Add(id);
        return ids;
    }

    private static async Task<int> TenantKeysAsync(CommandContext context, IReadOnlyList<string> tenants, CancellationToken ct)
    {
        var rotation = context.Get<TenantKeyRotation>();
        foreach (var tenant in tenants)
        {
            if (await rotation.RotateAsync(tenant, StoreWords.Actor, ct) is not { } number)
                continue;
            // In the server the job does it; here nobody would until a server starts.
            var written = context.InServer ? "" : $"; {(await rotation.PassAsync(tenant, ct)).Written} items are under it";
            context.Out.WriteLine($"{tenant} seals with key {number} from now on{written}");
        }
        context.Error.WriteLine("What older keys seal is sealed anew by a job of the server; each goes when nothing needs it, after an hour at the earliest.");
        return ExitCode.Ok;
    }

    private static async Task<int> PepperAsync(CommandContext context, CancellationToken ct)
    {
        var pepper = context.Get<Pepper>();
        var ring = await pepper.RotateAsync(StoreWords.Actor, ct);
        context.Out.WriteLine($"API keys and refresh tokens are hashed with version {ring.Versions[^1].Number} from now on, older ones at their next use; the version before goes after {pepper.Outlives.TotalDays:0} days");
        return ExitCode.Ok;
    }

    private static async Task<int> SigningKeyAsync(CommandContext context, CancellationToken ct)
    {
        var ring = await context.Get<SigningKeys>().RotateAsync(dropOld: false, StoreWords.Actor, ct);
        context.Out.WriteLine($"{ring.Keys[^1].Id} signs access tokens from now on; those of the old key stay good until they end");
        return ExitCode.Ok;
    }

    private static async Task<int> WebhookAsync(CommandContext context, string tenant, string id, CancellationToken ct)
    {
        var (change, now) = await context.Get<Webhooks>().RotateAsync(tenant, id, StoreWords.Actor, ct);
        if (change != ChangeResult.Done)
            return context.Fail($"there is no webhook {Plain.Line(id, 60)} of {Plain.Line(tenant, 60)}; list them with: replymint secrets list");
        context.Error.WriteLine($"What is sent is signed with the old secret too for {Webhooks.Overlap.TotalHours:0} hours. The new one is shown this once:");
        context.Out.WriteLine(WebhookSignature.Show(now.Value.Secret));
        return ExitCode.Ok;
    }

    private static async Task<int> MasterKeyAsync(CommandContext context, string? newKey, CancellationToken ct)
    {
        if (newKey is not null && !Path.IsPathFullyQualified(newKey))
            return context.Fail("--new-key takes an absolute path: the server reads the file, too");
        var vault = context.Get<IKeyVault>();
        MasterKeyChange change;
        try
        {
            change = await context.Get<MasterKeyRotation>().RotateAsync(newKey, StoreWords.Actor, ct);
        }
        catch (Exception e) when (e is StoreRefusedException or IOException or UnauthorizedAccessException)
        {
            return context.Fail($"{e.Message.TrimEnd('.')}. Nothing is lost; mend it and run this again");
        }
        if (change.Refused is { } refused)
            return context.Fail(refused);
        context.Out.WriteLine($"the master key is changed; {change.Rewrapped} tenants' keys were wrapped anew");
        if (vault is not MasterKeyPlace)
        {
            context.Out.WriteLine($"{vault.Where} wraps it; nothing is left of the old one, and recovery kits made of it open nothing new: make a new kit (replymint secrets recovery-kit FILE)");
            return ExitCode.Ok;
        }
        var until = $"keep it until no backup needs it that was made before now (30 days: {StoreWords.Time(context.Get<TimeProvider>().GetUtcNow() + MasterKeyRotation.OldKept)[..10]}), then destroy it: shred -u";
        if (change.By is { } by)
        {
            context.Out.WriteLine($"the new key is {by}: put it where the settings lead (masterKey) before that file is lost; until then the start reads it there");
            context.Out.WriteLine($"the old key is {vault.Where}, and where that came from: {until}");
        }
        else
            foreach (var (file, _) in vault.Old())
                context.Out.WriteLine($"the old key is {file}: {until}");
        context.Out.WriteLine($"copies of the old key, and recovery kits made of it, open nothing new: make a copy of {change.By ?? vault.Where} and a new kit (replymint secrets recovery-kit FILE)");
        return ExitCode.Ok;
    }
}
