using System.Globalization;

namespace ReplyMint.Guide;

/// <summary>How the code is judged while it is built, and whether input is joined into what a machine carries out (INPUT-2).</summary>
internal static class CodeRepository
{
    private static readonly string[] OptOuts = ["NoWarn", "WarningsNotAsErrors", "RunAnalyzers", "RunAnalyzersDuringBuild", "EnableNETAnalyzers", "AnalysisMode", "AnalysisLevel", "TreatWarningsAsErrors"];

    private static readonly string[] Sql = ["SELECT ", "INSERT INTO", "REPLACE INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE", "CREATE INDEX", "ALTER TABLE", "DROP TABLE", "PRAGMA ", "ATTACH ", "VACUUM INTO", " WHERE ", "ORDER BY"];

    private static readonly string[] Starts = ["Process.Start(", "ProcessStartInfo", "UseShellExecute"];

    public static Outcome Injection(RepositoryLook look)
    {
        var exceptions = new CodeExceptions(look.Text(CodeExceptions.File));
        var sources = look.Files.Ending(".cs", "src/").Select(path => (Path: path, Code: look.Text(path) ?? "")).ToList();
        var constants = sources.SelectMany(source => Constants(source.Code).Select(name => $"{StemOf(source.Path)}.{name}")).ToHashSet(StringComparer.Ordinal);
        List<string> problems = [.. Switches(look), .. Severities(look, exceptions)];
        var texts = 0;
        foreach (var (path, code) in sources)
        {
            var (rest, found) = CodeTexts.Read(code);
            texts += found.Count;
            problems.AddRange(Suppressed(path, rest, exceptions));
            problems.AddRange(Started(path, rest, exceptions));
            problems.AddRange(found.SelectMany(text => Joined(path, text, constants, exceptions)));
            problems.AddRange(Expressions(path, code, exceptions));
        }
        if (sources.Count == 0)
            problems.Add("there is no code below src");
        problems.AddRange(exceptions.Stale);
        return look.Wrong(problems) ?? Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{look.Folder}: all analyzers are on and errors; of {texts} texts in {sources.Count} files of src no query and no expression is joined with input, and no process is started, but for what {CodeExceptions.File} names with its reason"));
    }

    private static string StemOf(string path) => Path.GetFileNameWithoutExtension(path);

    /// <summary>What the compiler puts in is no input. A type's constants stand in its file.</summary>
    private static IEnumerable<string> Constants(string code)
    {
        foreach (var part in code.Split(" const ").Skip(1))
            if (part.Split('=', 2)[0].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var name])
                yield return name;
    }

    private static IEnumerable<string> Switches(RepositoryLook look)
    {
        const string Props = "Directory.Build.props";
        var props = look.Text(Props);
        foreach (var (name, value) in ((string, string)[])[("AnalysisMode", "All"), ("TreatWarningsAsErrors", "true")])
            if (RepositoryLook.Element(props, name) is var found && found != value)
                yield return $"{Props}: {name} is {found ?? "not there"}, not {value}";
        foreach (var name in (string[])["NoWarn", "WarningsNotAsErrors"])
            if (RepositoryLook.HasElement(props, name))
                yield return $"{Props}: {name}";
        if (!look.Says("test.sh", "-p:RunAnalyzers=true"))
            yield return "test.sh builds without -p:RunAnalyzers=true";
        foreach (var path in look.Files.Ending(".csproj", "src/").Concat(look.Files.Ending(".props", "src/")).Concat(look.Files.Ending(".targets", "src/")))
            foreach (var name in OptOuts)
                if (RepositoryLook.HasElement(look.Text(path), name))
                    yield return $"{path}: {name}";
    }

    /// <summary>A rule about injection, foreign readers or cryptography that is switched off for more than tests and measurements.</summary>
    private static IEnumerable<string> Severities(RepositoryLook look, CodeExceptions exceptions)
    {
        foreach (var path in look.Files.Named(".editorconfig").Concat(look.Files.Ending(".globalconfig")).Where(path => !OfTests(path)))
        {
            var section = "";
            foreach (var line in look.Text(path)!.Split('\n', StringSplitOptions.TrimEntries))
                if (line.StartsWith('['))
                    section = line[1..];
                else if (!OfTests(section) && line.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value])
                {
                    var rule = name.Split('.') is ["dotnet_diagnostic", var id, "severity"] ? id : name is "dotnet_analyzer_diagnostic.severity" or "dotnet_analyzer_diagnostic.category-security.severity" ? "CA3" : name == "generated_code" && value == "true" ? "CA3" : "";
                    if (IsSecurity(rule) && value is not ("error" or "warning") && !exceptions.Has(path, rule))
                        yield return $"{path}: {line}";
                }
        }
    }

    private static bool OfTests(string path) => path.StartsWith("tests/", StringComparison.Ordinal) || path.StartsWith("bench/", StringComparison.Ordinal);

    private static bool IsSecurity(string rule) => rule == "CA2100" || rule.StartsWith("CA23", StringComparison.Ordinal) || rule.StartsWith("CA3", StringComparison.Ordinal) || rule.StartsWith("CA5", StringComparison.Ordinal);

    private static IEnumerable<string> Suppressed(string path, string code, CodeExceptions exceptions)
    {
        var number = 0;
        foreach (var line in code.Split('\n'))
        {
            number++;
            if (line.AsSpan().Trim() is ['#', ..] && line.Contains("warning disable", StringComparison.Ordinal))
            {
                var rules = line[(line.IndexOf("disable", StringComparison.Ordinal) + "disable".Length)..].Split([',', ' ', '\r'], StringSplitOptions.RemoveEmptyEntries);
                foreach (var rule in rules.Length == 0 ? ["all rules"] : rules.Where(IsSecurity))
                    if (!exceptions.Has(path, rule))
                        yield return $"{path}:{number}: {rule} is switched off";
            }
            else if (line.Contains("SuppressMessage(", StringComparison.Ordinal) && !exceptions.Has(path, "SuppressMessage"))
                yield return $"{path}:{number}: SuppressMessage";
        }
    }

    private static IEnumerable<string> Started(string path, string code, CodeExceptions exceptions)
    {
        foreach (var start in Starts)
            for (var at = code.IndexOf(start, StringComparison.Ordinal); at >= 0; at = code.IndexOf(start, at + 1, StringComparison.Ordinal))
                if ((at == 0 || !char.IsLetterOrDigit(code[at - 1])) && !exceptions.Has(path, start.TrimEnd('(')))
                    yield return $"{path}:{LineOf(code, at)}: {start.TrimEnd('(')}";
    }

    /// <summary>Our statements are written in capitals; CA2100 watches the rest.</summary>
    private static IEnumerable<string> Joined(string path, CodeText text, HashSet<string> constants, CodeExceptions exceptions)
    {
        if (text.Parts.Count == 0 || !Sql.Any(word => text.Text.Contains(word, StringComparison.Ordinal)))
            yield break;
        foreach (var part in text.Parts.Distinct())
            if (!constants.Contains(part.Contains('.') ? part : $"{StemOf(path)}.{part}") && !exceptions.Has(path, part))
                yield return $"{path}:{text.Line}: a query is joined with {part}";
    }

    /// <summary>Of DynamoDB: an expression that is no plain text.</summary>
    private static IEnumerable<string> Expressions(string path, string code, CodeExceptions exceptions)
    {
        const string End = "Expression\",";
        for (var at = code.IndexOf(End, StringComparison.Ordinal); at >= 0; at = code.IndexOf(End, at + 1, StringComparison.Ordinal))
        {
            var name = code[(code.LastIndexOf('"', at) + 1)..(at + End.Length - 2)];
            if (code.AsSpan(at + End.Length).TrimStart() is not ['"', ..] && !exceptions.Has(path, name))
                yield return $"{path}:{LineOf(code, at)}: {name} is put together";
        }
    }

    private static int LineOf(string code, int at) => code.AsSpan(0, at).Count('\n') + 1;
}
