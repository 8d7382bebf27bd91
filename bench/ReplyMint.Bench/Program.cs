using ReplyMint.Bench;

// The rivals run in processes of their own, like the product: this program starts itself again as one of them.
switch (args)
{
    case ["bare"]:
        await Rivals.ServeBareAsync();
        return 0;
    case ["model", var delay]:
        await Rivals.ServeModelAsync(TimeSpan.FromMilliseconds(int.Parse(delay, System.Globalization.CultureInfo.InvariantCulture)));
        return 0;
}

string? folder = null, binary = null, only = null;
var full = args is [.., "--full"];
args = full ? args[..^1] : args;
for (var i = 0; i < args.Length; i += 2)
    switch (args[i])
    {
        case "--folder" when i + 1 < args.Length:
            folder = args[i + 1];
            break;
        case "--binary" when i + 1 < args.Length && File.Exists(args[i + 1]):
            binary = Path.GetFullPath(args[i + 1]);
            break;
        case "--only" when i + 1 < args.Length:
            only = args[i + 1];
            break;
        default:
            System.Console.Error.WriteLine("Usage: ReplyMint.Bench --folder DIR [--binary PATH] [--only accept|answer|health|start|bare|access|noisy|backup|export|erase|audit|lambda|growth|reading|index|inbox] [--full]");
            return 2;
    }
if (folder is null)
    return 2;

if (Directory.Exists(folder))
    Directory.Delete(folder, recursive: true);
Directory.CreateDirectory(folder);
try
{
    var table = new Table(binary);
    var installation = new Installations(folder, binary);
    var fsyncs = Disk.SyncsPerSecond(folder);
    table.Add("disk: write of 4 KB + fsync, one after another", $"{fsyncs:N0} /s");
    foreach (var (name, measure) in (IReadOnlyList<(string, Func<Task>)>)
    [
        ("accept", () => MailFigures.AcceptAsync(installation, table, fsyncs)),
        ("answer", () => MailFigures.EndToEndAsync(installation, table)),
        ("health", () => HttpFigures.HealthWhileModelsThinkAsync(installation, table)),
        ("start", () => HttpFigures.StartAsync(installation, table)),
        ("bare", () => HttpFigures.HardenedAgainstBareAsync(installation, table)),
        ("access", () => HttpFigures.AuthenticatedReadAsync(installation, table)),
        ("export", () => ExportFigures.TenantAsync(installation, table, full)),
        ("audit", () => AuditFigures.AppendAsync(folder, table)),
        ("reading", () => ReadingFigures.ReadAsync(table)),
        ("index", () => IndexFigures.OpenAsync(installation, table)),
        ("growth", () => GrowthFigures.StoreAsync(folder, table)),
        ("backup", () => BackupFigures.WhileMailComesInAsync(installation, table)),
        ("noisy", () => NoisyFigures.OthersBesideANoisyCallerAsync(installation, table)),
        ("lambda", () => LambdaFigures.FunctionAsync(installation, table)),
        ("inbox", () => InboxFigures.PagesAsync(installation, table)),
        ("erase", () => EraseFigures.EraseAsync(installation, table, full)),
    ])
        if (only is null || only == name)
            await measure();
    table.Print();
    return 0;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
