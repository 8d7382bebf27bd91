using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using ReplyMint.Mutants;

// run.sh calls this with the repository's root, the dotnet program, the configuration of the build and what the user said.
var (root, dotnet, configuration) = (args[0], args[1], args[2]);
List<string> only = [];
int? sample = null;
var (seed, jobs, trust, list) = (DateTime.UtcNow.ToString("yyyyMMdd", CultureInfo.InvariantCulture), 2, false, false);
for (var i = 3; i < args.Length; i++)
    switch (args[i])
    {
        case "--only": only.Add(args[++i]); break;
        case "--sample": sample = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--seed": seed = args[++i]; break;
        case "--jobs": jobs = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--trust": trust = true; break;
        case "--list": list = true; break;
        default: await Console.Error.WriteLineAsync($"{args[i]} is no option; see tools/ReplyMint.Mutants/README.md"); return 2;
    }

var table = MutantTable.Read(Path.GetFullPath("../../../table", AppContext.BaseDirectory));
var chosen = only.Count == 0 ? table : [.. table.Where(mutant => only.Contains(mutant.Name))];
if (only.Except(table.Select(mutant => mutant.Name)).FirstOrDefault() is { } unknown)
{
    await Console.Error.WriteLineAsync($"There is no mutant {unknown}; --list names them.");
    return 2;
}
if (sample is { } count)
{
    chosen = [.. chosen.OrderBy(mutant => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {mutant.Name}")))).Take(count)];
    Console.WriteLine($"A sample of {chosen.Count} out of {table.Count}, by the seed {seed}");
}
if (list)
{
    foreach (var mutant in chosen)
        Console.WriteLine($"{mutant.Name,-24} {mutant.What}");
    return 0;
}

var work = Path.Combine(root, "artifacts", "mutants");
var logs = Directory.CreateDirectory(Path.Combine(work, "log")).FullName;
var stale = chosen.Select(mutant => (mutant.Name, Why: MutantTable.Stale(mutant, root))).Where(one => one.Why is not null).ToDictionary(one => one.Name, one => one.Why!);
var compilers = chosen.Select(mutant => mutant.Project).Distinct().ToDictionary(project => project, project => new MutantCompiler(CommandLine(project), Path.Combine(root, "src", project)));
var together = new Dictionary<string, byte[]>();
var held = new HashSet<string>();
var wrong = new Dictionary<string, string>();
var built = Path.Combine(root, "tests", "ReplyMint.Tests", "bin", configuration, "net10.0");
foreach (var (project, compiler) in compilers)
{
    if (!compiler.EmbedsAll(Path.Combine(built, compiler.FileName)))
    {
        await Console.Error.WriteLineAsync($"{project} would be compiled without what is embedded in it: the build is an old one, or tells no longer what that is.");
        return 1;
    }
    var (library, inIt, broken) = compiler.CompileAll(root, chosen.Where(mutant => mutant.Project == project && !stale.ContainsKey(mutant.Name)));
    if (library is null)
    {
        await Console.Error.WriteLineAsync($"{project} does not compile with its mutants: {broken.Values.First()}");
        return 1;
    }
    together[compiler.FileName] = library;
    held.UnionWith(inIt);
    foreach (var (name, error) in broken)
        wrong[name] = error;
}
var ready = Path.Combine(work, "ready");
TestRun.Copy(built, ready);
foreach (var (name, library) in together)
    await File.WriteAllBytesAsync(Path.Combine(ready, name), library);
var (compiled, others) = await AheadOfTime.CompileAsync(ready, jobs);
// Ours must be: else a run of all takes half as long again, and nobody knows why.
if (others.FirstOrDefault(other => other.Key.StartsWith("ReplyMint.", StringComparison.OrdinalIgnoreCase)) is { Key: not null } failed)
{
    await Console.Error.WriteLineAsync($"{failed.Key} can't be compiled ahead: {failed.Value}");
    return 1;
}
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{compiled} libraries are compiled ahead, {others.Count} stay as they are"));
foreach (var name in together.Keys)
    together[name] = await File.ReadAllBytesAsync(Path.Combine(ready, name));
var runs = Enumerable.Range(1, jobs).Select(job => new TestRun(ready, Path.Combine(work, $"job{job}"))).ToArray();
if (!trust && !await SoundAsync())
    return 1;

var left = new ConcurrentQueue<string>();
var killed = 0;
var queue = Channel.CreateBounded<(Mutant Mutant, IReadOnlyDictionary<string, byte[]>? Libraries, Verdict Verdict, string Problem)>(jobs);
var judging = runs.Select(JudgeAsync).ToArray();
// Those of one library first, and meanwhile the few that need one of their own.
foreach (var mutant in chosen.OrderBy(mutant => held.Contains(mutant.Name) ? 0 : 1))
{
    if (stale.TryGetValue(mutant.Name, out var why))
        await queue.Writer.WriteAsync((mutant, null, Verdict.Stale, why));
    else if (wrong.TryGetValue(mutant.Name.Replace('-', '_'), out var error))
        await queue.Writer.WriteAsync((mutant, null, Verdict.DoesNotCompile, error));
    else if (held.Contains(mutant.Name))
        await queue.Writer.WriteAsync((mutant, together, Verdict.Survived, ""));
    else
    {
        var compiler = compilers[mutant.Project];
        var (library, problem) = compiler.Compile(root, mutant.Edits);
        await queue.Writer.WriteAsync((mutant, library is null ? null : new Dictionary<string, byte[]>(together) { [compiler.FileName] = library }, Verdict.DoesNotCompile, problem));
    }
}
queue.Writer.Complete();
await Task.WhenAll(judging);

Console.WriteLine();
foreach (var one in left)
    await Console.Error.WriteLineAsync($"not killed: {one}");
Console.WriteLine($"{killed} killed, {left.Count} not");
return left.IsEmpty && killed > 0 ? 0 : 1;

async Task JudgeAsync(TestRun run)
{
    await foreach (var (mutant, libraries, early, problem) in queue.Reader.ReadAllAsync())
    {
        var clock = Stopwatch.StartNew();
        var (verdict, log) = libraries is null ? (early, problem) : await run.JudgeAsync(libraries, mutant.Name, mutant.Tests, CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(logs, mutant.Name + ".log"), log);
        if (verdict == Verdict.Killed)
            Interlocked.Increment(ref killed);
        else
            left.Enqueue($"{mutant.Name}: {verdict}{(libraries is null ? $" ({problem})" : "")}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{mutant.Name,-24} {verdict,-14} {clock.Elapsed.TotalSeconds,4:0} s  {mutant.What}"));
    }
}

// A mutant is killed by a test that passes without it.
async Task<bool> SoundAsync()
{
    foreach (var some in chosen.SelectMany(mutant => mutant.Tests).Distinct().GroupBy(test => test.Contains('/', StringComparison.Ordinal)))
        foreach (var piece in some.Chunk(12))
            if (await runs[0].JudgeAsync(together, "", piece, CancellationToken.None) is var (verdict, log) && verdict != Verdict.Survived)
            {
                await File.WriteAllTextAsync(Path.Combine(logs, "sound.log"), log);
                await Console.Error.WriteLineAsync($"These tests do not pass without a mutant ({Path.Combine(logs, "sound.log")}): {string.Join(' ', piece)}");
                return false;
            }
    return true;
}

// Asked of the build itself, so that a mutant is compiled as the product is.
string[] CommandLine(string project)
{
    var start = new ProcessStartInfo(dotnet) { RedirectStandardOutput = true, WorkingDirectory = root };
    foreach (var argument in (string[])["msbuild", $"src/{project}", "-t:PrepareResources;Compile", "-getItem:CscCommandLineArgs", $"-p:Configuration={configuration}", "-p:RunAnalyzers=false", "-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true", "-p:NonExistentFile=none"])
        start.ArgumentList.Add(argument);
    using var process = Process.Start(start)!;
    var said = JsonDocument.Parse(process.StandardOutput.ReadToEnd());
    process.WaitForExit();
    return [.. said.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!)];
}
