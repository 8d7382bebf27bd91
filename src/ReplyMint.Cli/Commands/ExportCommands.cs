using System.CommandLine;
using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Privacy;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Everything that is stored of somebody, in one file; and a tenant's back into an installation.</summary>
internal static class ExportCommands
{
    public static Command Build(CommandHost host) => new("export", "all data of a tenant, a user or a correspondent, in one file") { OfTenant(), OfUser(), OfCorrespondent(), Schema(host) };

    public static Command BuildImport()
    {
        var file = new Argument<string>("FILE") { Description = "an export of a tenant" };
        var undo = new Option<bool>("--undo") { Description = "remove what an import of this file's tenant left that broke off" };
        return new StoreCommand("import", "put a tenant's export into this installation; nothing of it is answered", async (context, parse, ct) =>
        {
            var path = Path.GetFullPath(parse.GetValue(file)!);
            if (context.InServer)
                return context.Fail("an import needs the store for itself; stop the server, then try again");
            if (!File.Exists(path))
                return context.Fail($"there is no file {Plain.Line(path, 200)}");
            await using var stream = File.OpenRead(path);
            var (export, wrong) = await ImportFile.OpenAsync(stream, ct);
            if (export is null)
                return context.Fail($"{Plain.Line(Path.GetFileName(path), 60)} {wrong}");
            using (export)
                return parse.GetValue(undo) ? await UndoAsync(context, export, path, ct) : await ImportAsync(context, export, path, ct);
        }) { MakesStore = true, Arguments = { file }, Options = { undo }, Examples = ["import acme.zip", "import acme.zip --undo"] };
    }

    private static async Task<int> ImportAsync(CommandContext context, ImportFile export, string path, CancellationToken ct)
    {
        var name = Plain.Line(Path.GetFileName(path), 60);
        var bar = new ProgressBar(context);
        var outcome = await context.Get<Importer>().ImportAsync(export, StoreWords.Actor, bar.Show, ct);
        bar.End();
        switch (outcome)
        {
            case ImportOutcome.Refused refused:
                return context.Fail($"{name} {Plain.Line(refused.Why)}");
            case ImportOutcome.BrokenOff off:
                return context.Fail($"{name} was not taken in whole, and nothing of it is there for anybody yet. {Plain.Line(off.Why)} Run the same command again, and it goes on where it stopped; with --undo it removes what it left");
            default:
                var done = (ImportOutcome.Done)outcome;
                context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"imported tenant {Plain.Line(done.Name)} ({done.Tenant}): {done.Messages} messages, {done.Mails} of them as they came"));
                context.Out.WriteLine("Not carried: " + string.Join("; ", export.Manifest.NotCarried.Select(one => Plain.Line(one))));
                return ExitCode.Ok;
        }
    }

    private static async Task<int> UndoAsync(CommandContext context, ImportFile export, string path, CancellationToken ct)
    {
        if (!await context.Get<Importer>().UndoAsync(export, ct))
            return context.Fail($"no import of the tenant of {Plain.Line(Path.GetFileName(path), 60)} has broken off here");
        context.Out.WriteLine("what the import had left is removed; accounts of people that it made stay (replymint user list)");
        return ExitCode.Ok;
    }

    private static StoreCommand OfTenant()
    {
        var (tenant, file) = (StoreWords.TenantOption(), OutOption());
        return new StoreCommand("tenant", "export all of a tenant, such as to move it", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            await context.Get<Alerts>().RaiseAsync("mass-export", owner.Id, $"All data of tenant {owner.Id} is being exported by a command on the machine.", ct);
            return await WriteAsync(context, owner.Id, "tenant", owner.Id, (to, progress) => context.Get<Exporter>().TenantAsync(to, owner.Id, progress, ct), ct);
        }) { Options = { tenant, file }, SavesTo = parse => parse.GetValue(file), Examples = ["export tenant --out acme.zip"] };
    }

    private static StoreCommand OfUser()
    {
        var (address, file) = (new Argument<string>("ADDRESS") { Description = "the person" }, OutOption());
        return new StoreCommand("user", "export what is stored of a person who signs in, and what he did", async (context, parse, ct) =>
        {
            var user = await context.UserAsync(parse.GetValue(address)!, ct);
            return await WriteAsync(context, KeyRing.Installation, "user", user.Id, (to, _) => context.Get<Exporter>().UserAsync(to, user.Id, null, ct), ct);
        }) { Arguments = { address }, Options = { file }, SavesTo = parse => parse.GetValue(file) };
    }

    private static StoreCommand OfCorrespondent()
    {
        var (address, tenant, file) = (new Argument<string>("ADDRESS") { Description = "who wrote" }, StoreWords.TenantOption(), OutOption());
        return new StoreCommand("correspondent", "export all mail of a correspondent", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var normalized = UserCommands.Normalized(parse.GetValue(address)!);
            return await WriteAsync(context, owner.Id, "correspondent", owner.Id, async (to, progress) =>
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

    private static async Task<int> WriteAsync(CommandContext context, string chain, string scope, string of, Func<Stream, Action<ExportProgress>, Task<bool>> write, CancellationToken ct)
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
        context.Out.WriteLine("exported; the file holds personal data: keep it as you keep the mailbox");
        return ExitCode.Ok;
    }

    private static Option<string> OutOption() => new("--out") { HelpName = "FILE", Description = "the zip to write; must not be there yet", Required = true };

    /// <summary>One line that is drawn anew, at most once for each per cent.</summary>
    private sealed class ProgressBar(CommandContext context)
    {
        private const int Width = 30;
        private int _shown = -1;

        public void Show(ExportProgress progress)
        {
            if (progress.Percent == _shown)
                return;
            _shown = progress.Percent;
            var filled = _shown * Width / 100;
            context.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r[{new string('#', filled)}{new string(' ', Width - filled)}] {_shown,3} %  {progress.Messages} messages"));
            context.Error.Flush();
        }

        public void End()
        {
            if (_shown >= 0)
                context.Error.WriteLine();
        }
    }

    /// <summary>Hands what is written to where the user keeps it.</summary>
    private sealed class SavingStream(Action<ReadOnlyMemory<byte>> save) : Stream
    {
        public override void Write(byte[] buffer, int offset, int count) => save(buffer.AsMemory(offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            save(buffer);
            return ValueTask.CompletedTask;
        }

        public override void Flush()
        {
            // Each write is handed on at once.
        }

        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
