using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace ReplyMint.Mutants;

/// <summary>
/// Compiles one project as its build does, again and again with a few files changed in memory: nothing is parsed, bound to its
/// references or generated twice. A mutant costs about two seconds where a build takes ten, and no file of the tree changes.
/// </summary>
internal sealed class MutantCompiler
{
    private const string Resource = "/resource:";

    private readonly CSharpCommandLineArguments _arguments;
    private readonly CSharpCompilation _whole;
    private readonly GeneratorDriver _driver;
    private readonly Dictionary<string, SyntaxTree> _trees;

    // What is embedded, by the file that it is of: scripts and texts can be mutants too.
    private readonly Dictionary<string, string> _embedded;

    /// <param name="commandLine">Of the compiler, as the build gives it.</param>
    /// <param name="folder">Of the project.</param>
    public MutantCompiler(string[] commandLine, string folder)
    {
        _embedded = commandLine.Where(argument => argument.StartsWith(Resource, StringComparison.Ordinal)).Select(argument => argument[Resource.Length..].Split(','))
            .ToDictionary(parts => Path.GetFullPath(Path.Combine(folder, parts[0])), parts => parts[1], StringComparer.Ordinal);
        _arguments = CSharpCommandLineParser.Default.Parse(commandLine, folder, RuntimeEnvironment.GetRuntimeDirectory());
        var trees = _arguments.SourceFiles.AsParallel().AsOrdered().Select(file => Parse(file.Path, File.ReadAllText(file.Path))).ToArray();
        _trees = trees.ToDictionary(tree => tree.FilePath, StringComparer.Ordinal);
        // Warnings are none of a mutant's business: code behind a "false" can't be reached, and that is the point.
        var options = _arguments.CompilationOptions.WithGeneralDiagnosticOption(ReportDiagnostic.Default).WithWarningLevel(0).WithReportSuppressedDiagnostics(false);
        _whole = CSharpCompilation.Create(_arguments.CompilationName, trees, _arguments.MetadataReferences.Select(reference => MetadataReference.CreateFromFile(reference.Reference, reference.Properties)), options);
        var loader = new Loader();
        var generators = _arguments.AnalyzerReferences.SelectMany(reference => new AnalyzerFileReference(reference.FilePath, loader).GetGenerators(LanguageNames.CSharp)).ToImmutableArray();
        _driver = CSharpGeneratorDriver.Create(generators, _arguments.AdditionalFiles.Select(file => (AdditionalText)new FileText(file.Path)), _arguments.ParseOptions, new BuildOptions(_arguments))
            .RunGenerators(_whole);
    }

    /// <summary>The library's file, as it lies beside the tests.</summary>
    public string FileName => _arguments.OutputFileName!;

    /// <summary>Whether it holds what the built one does. One without its texts and scripts fails every test of a page, and would kill mutants that nobody notices.</summary>
    /// <param name="built">The library's file as the build made it.</param>
    public bool EmbedsAll(string built)
    {
        using var file = new PEReader(File.OpenRead(built));
        var metadata = file.GetMetadataReader();
        return metadata.ManifestResources.Select(handle => metadata.GetString(metadata.GetManifestResource(handle).Name)).Order(StringComparer.Ordinal).SequenceEqual(_embedded.Values.Order(StringComparer.Ordinal));
    }

    /// <summary>One library for all mutants whose edits lie within methods.</summary>
    /// <returns>The library, whom it holds, and who does not compile, with the reason.</returns>
    public (byte[]? Library, IReadOnlySet<string> Held, IReadOnlyDictionary<string, string> Wrong) CompileAll(string root, IEnumerable<Mutant> mutants)
    {
        var wrong = new Dictionary<string, string>();
        var all = mutants.Select(mutant => (Mutant: mutant, Places: Places(root, mutant))).Where(one => one.Places is not null).ToList();
        while (true)
        {
            var changed = _whole.AddSyntaxTrees(Parse("/MutantNow.cs", MutantSwitch.Asked));
            foreach (var file in all.SelectMany(one => one.Places!.Select(place => (place.Tree, place.Method, one.Mutant.Name, place.Edit))).GroupBy(place => place.Tree))
                changed = changed.ReplaceSyntaxTree(file.Key, Parse(file.Key.FilePath, MutantSwitch.Write(file.Key.GetRoot(), file.Key.ToString(),
                    file.GroupBy(place => (place.Method, place.Name)).Select(own => (own.Key.Method, own.Key.Name, (IReadOnlyList<Edit>)[.. own.Select(place => place.Edit)])))));
            var (library, errors) = Emit(changed);
            if (library is not null)
                return (library, all.Select(one => one.Mutant.Name).ToHashSet(StringComparer.Ordinal), wrong);
            // Whose copy an error stands in; without one nobody knows, and each is compiled by itself.
            var broken = errors.Select(error => (Name: NameAt(error), Error: error)).Where(one => one.Name is not null).DistinctBy(one => one.Name).ToList();
            if (broken.Count == 0)
                return (null, new HashSet<string>(), new Dictionary<string, string> { [""] = errors[0].ToString() });
            foreach (var (name, error) in broken)
                wrong[name!] = error.ToString();
            all.RemoveAll(one => wrong.ContainsKey(one.Mutant.Name.Replace('-', '_')) || wrong.ContainsKey(one.Mutant.Name));
        }
    }

    /// <summary>The library with these edits alone, or null and why it does not compile.</summary>
    public (byte[]? Library, string Problem) Compile(string root, IEnumerable<Edit> edits)
    {
        var changed = _whole;
        var embedded = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in edits.GroupBy(edit => Path.GetFullPath(Path.Combine(root, "src", edit.File))))
        {
            string With(string text) => file.Aggregate(text, (before, edit) => before.Replace(edit.Old, edit.New, StringComparison.Ordinal));
            if (_trees.TryGetValue(file.Key, out var tree))
                changed = changed.ReplaceSyntaxTree(tree, Parse(tree.FilePath, With(tree.ToString())));
            else if (_embedded.ContainsKey(file.Key))
                embedded[file.Key] = With(File.ReadAllText(file.Key));
            else
                return (null, $"{file.Key} is no file of the library");
        }
        var (library, errors) = Emit(changed, embedded);
        return (library, library is null ? errors[0].ToString() : "");
    }

    private IReadOnlyList<(SyntaxTree Tree, MethodDeclarationSyntax Method, Edit Edit)>? Places(string root, Mutant mutant)
    {
        var places = new List<(SyntaxTree, MethodDeclarationSyntax, Edit)>();
        foreach (var edit in mutant.Edits)
        {
            if (!_trees.TryGetValue(Path.GetFullPath(Path.Combine(root, "src", edit.File)), out var tree) || MutantSwitch.MethodOf(tree.GetRoot(), tree.ToString(), edit) is not { } method)
                return null;
            places.Add((tree, method, edit));
        }
        return places;
    }

    private static string? NameAt(Diagnostic error) =>
        error.Location.SourceTree?.GetRoot().FindNode(error.Location.SourceSpan).AncestorsAndSelf().OfType<MethodDeclarationSyntax>().Select(method => method.Identifier.Text.Split("__", 2))
            .FirstOrDefault(parts => parts.Length == 2 && parts[1] != "whole")?[1];

    private (byte[]? Library, IReadOnlyList<Diagnostic> Errors) Emit(Compilation changed, Dictionary<string, string>? embedded = null)
    {
        // Each is made public as the build does.
        var resources = _embedded.Select(one => new ResourceDescription(one.Value, () => embedded?.GetValueOrDefault(one.Key) is { } text ? new MemoryStream(Encoding.UTF8.GetBytes(text)) : File.OpenRead(one.Key), isPublic: true));
        _driver.RunGeneratorsAndUpdateCompilation(changed, out var generated, out _);
        using var library = new MemoryStream();
        var emitted = generated.Emit(library, manifestResources: resources);
        return (emitted.Success ? library.ToArray() : null, [.. emitted.Diagnostics.Where(one => one.Severity == DiagnosticSeverity.Error)]);
    }

    private SyntaxTree Parse(string path, string text) =>
        CSharpSyntaxTree.ParseText(SourceText.From(text, Encoding.UTF8, SourceHashAlgorithm.Sha256), _arguments.ParseOptions, path);

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        private readonly HashSet<string> _places = new(StringComparer.Ordinal);

        public Loader() => AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) =>
            _places.Select(place => Path.Combine(place, new AssemblyName(wanted.Name).Name + ".dll")).FirstOrDefault(File.Exists) is { } found ? Assembly.LoadFrom(found) : null;

        public void AddDependencyLocation(string fullPath) => _places.Add(Path.GetDirectoryName(fullPath)!);

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }

    private sealed class FileText(string path) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(File.ReadAllText(path), Encoding.UTF8);
    }

    /// <summary>What the build tells generators by .editorconfig and properties.</summary>
    private sealed class BuildOptions(CSharpCommandLineArguments arguments) : AnalyzerConfigOptionsProvider
    {
        private readonly AnalyzerConfigSet _set = AnalyzerConfigSet.Create(arguments.AnalyzerConfigPaths.Select(path => AnalyzerConfig.Parse(SourceText.From(File.ReadAllText(path)), path)).ToList());

        public override AnalyzerConfigOptions GlobalOptions => new Options(_set.GlobalConfigOptions.AnalyzerOptions);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => Of(tree.FilePath);

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => Of(textFile.Path);

        private Options Of(string path) => new(_set.GlobalConfigOptions.AnalyzerOptions.SetItems(_set.GetOptionsForSourcePath(path).AnalyzerOptions));

        private sealed class Options(ImmutableDictionary<string, string> values) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value) => values.TryGetValue(key, out value);
        }
    }
}
