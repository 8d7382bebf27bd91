using System.CommandLine;
using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Privacy;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Everything that is stored of somebody, in one file.</summary>
internal static class ExportCommands
{
    public static Command Build(CommandHost host) => new("export", "all data of a tenant, a user or a correspondent, in one file") { OfTenant(), OfUser(), OfCorrespondent(), ImportCommands.Verify(host), Schema(host) };

    private static StoreCommand OfTenant()
    {
        var (tenant, file) = (StoreWords.TenantOption(), OutOption());
        return new StoreCommand("tenant", "export all of a tenant, such as to move it", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            await context.Get<Alerts>().RaiseAsync("mass-export", owner.Id, $"All data of tenant {owner.Id} is being exported by a command on the machine.", ct);
            return await WriteAsync(context, owner.Id, "tenant", owner.Id, parse.GetValue(file)!, (to, progress) => context.Get<Exporter>().TenantAsync(to, owner.Id, progress, ct), ct);
        }) { Options = { tenant, file }, SavesTo = parse => parse.GetValue(file), Examples = ["export tenant --out acme.zip"] };
    }

    private static StoreCommand OfUser()
    {
        var (address, file) = (new Argument<string>("ADDRESS") { Description = "the person" }, OutOption());
        return new StoreCommand("user", "export what is stored of a person who signs in, and what he did", async (context, parse, ct) =>
        {
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            return await WriteAsync(context, KeyRing.Installation, "user", user.Id, parse.GetValue(file)!, (to, _) => context.Get<Exporter>().UserAsync(to, user.Id, null, ct), ct);
        }) { Arguments = { address }, Options = { file }, SavesTo = parse => parse.GetValue(file) };
    }

    private static StoreCommand OfCorrespondent()
    {
        var (address, tenant, file) = (new Argument<string>("ADDRESS") { Description = "who wrote" }, StoreWords.TenantOption(), OutOption());
        return new StoreCommand("correspondent", "export all mail of a correspondent", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var normalized = UserCommands.Normalized(parse.GetValue(address)!);
            return await WriteAsync(context, owner.Id, "correspondent", owner.Id, parse.GetValue(file)!, async (to, progress) =>
            {
                await context.Get<Exporter>().CorrespondentAsync(to, owner.Id, normalized, progress, ct);
                return true;
            }, ct);
        }) { Arguments = { address }, Options = { tenant, file }, SavesTo = parse => parse.GetValue(file), Examples = ["export correspondent anna@customer.example --out anna.zip"] };
    }

    private static Verb Schema(CommandHost host)
    {
        var schema = new Verb("schema", "print the schema of the files in an export");
        schema.SetAction(_ => host.Out.WriteLine(System.Text.Encoding.UTF8.GetString(ExportSchema.Bytes())));
        return schema;
    }

    private static async Task<int> WriteAsync(CommandContext context, string chain, string scope, string of, string file, Func<Stream, Action<ExportProgress>, Task<bool>> write, CancellationToken ct)
    {
        await context.Get<IStore>().RetryAsync(async (commit, token) =>
        {
            await context.Get<AuditLog>().AppendAsync(commit, chain, new(StoreWords.Actor, "export.make", of, new Dictionary<string, string> { ["scope"] = scope }), token);
            return true;
        }, ct);
        var bar = new ProgressBar(context);
        await using (var to = new BufferedStream(new SavingStream(context.Save), 64 * 1024))
            if (!await write(to, bar.Show))
                return context.Fail("it is not there any more");
        bar.End();
        var messages = scope == "user" ? "" : string.Create(CultureInfo.InvariantCulture, $" {bar.Messages} messages");
        context.Out.WriteLine($"exported{messages} to {Plain.Line(file, 200)}; it holds personal data: keep it as you keep the mailbox");
        return ExitCode.Ok;
    }

    private static Option<string> OutOption() => new("--out") { HelpName = "FILE", Description = "the zip to write; must not be there yet", Required = true };

    /// <summary>Hands what is written to where the user keeps it.</summary>
    private sealed class SavingStream(Action<ReadOnlyMemory<byte>> save) : WriteOnlyStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => save(buffer.ToArray());
    }
}
