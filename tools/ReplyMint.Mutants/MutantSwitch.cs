using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ReplyMint.Mutants;

/// <summary>
/// Puts many mutants into one library, which an environment variable chooses from: of each method that a mutant changes there is a
/// copy for that mutant, and the method itself only asks whose turn it is. So all of them cost one compilation.
/// </summary>
internal static class MutantSwitch
{
    // By its beginning the product passes it over, so that a server that a test starts as a process of its own may have it too.
    public const string Variable = "REPLYMINT_TEST_MUTANT";

    /// <summary>What the library asks; a tree of its own.</summary>
    public const string Asked = $$"""
        namespace ReplyMint;
        internal static class MutantNow { public static readonly string Name = System.Environment.GetEnvironmentVariable("{{Variable}}") ?? ""; }
        """;

    /// <summary>The method whose body holds an edit as a whole; null where it is a field, a constant or a property.</summary>
    public static MethodDeclarationSyntax? MethodOf(SyntaxNode root, string text, Edit edit)
    {
        var span = new Microsoft.CodeAnalysis.Text.TextSpan(text.IndexOf(edit.Old, StringComparison.Ordinal), edit.Old.Length);
        var method = root.FindToken(span.Start).Parent?.AncestorsAndSelf().OfType<MethodDeclarationSyntax>().FirstOrDefault(one => one.Span.Contains(span));
        var body = (SyntaxNode?)method?.Body ?? method?.ExpressionBody;
        // What stands before the body is the same for all copies; behind an expression there is the semicolon.
        return body is not null && span.Start >= body.SpanStart && method!.ExplicitInterfaceSpecifier is null ? method : null;
    }

    /// <summary>A file with copies of the methods that mutants change.</summary>
    public static string Write(SyntaxNode root, string text, IEnumerable<(MethodDeclarationSyntax Method, string Mutant, IReadOnlyList<Edit> Edits)> changes)
    {
        var whole = new StringBuilder(text);
        // From the end, so that what stands before keeps its place.
        foreach (var method in changes.GroupBy(change => change.Method).OrderByDescending(group => group.Key.SpanStart))
            whole.Remove(method.Key.Span.Start, method.Key.Span.Length).Insert(method.Key.Span.Start, Copies(method.Key, [.. method.Select(change => (change.Mutant, change.Edits))]));
        return whole.ToString();
    }

    public static string NameOf(MethodDeclarationSyntax method, string mutant) => $"{method.Identifier.Text}__{mutant.Replace('-', '_')}";

    private static string Copies(MethodDeclarationSyntax method, IReadOnlyList<(string Mutant, IReadOnlyList<Edit> Edits)> mutants)
    {
        var text = method.ToString();
        var start = method.SpanStart;
        var head = text[..(((SyntaxNode?)method.Body ?? method.ExpressionBody!).SpanStart - start)];
        var modifiers = method.Modifiers;
        var isVoid = method.ReturnType is PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword };
        var types = method.TypeParameterList is { } list ? $"<{string.Join(", ", list.Parameters.Select(parameter => parameter.Identifier.Text))}>" : "";
        var passed = string.Join(", ", method.ParameterList.Parameters.Select(parameter => $"{Passing(parameter)}{parameter.Identifier.Text}"));
        var written = new StringBuilder();
        // The method itself, which keeps its attributes, its name and its place in interfaces.
        var async = modifiers.FirstOrDefault(modifier => modifier.IsKind(SyntaxKind.AsyncKeyword));
        var own = async == default ? head : head.Remove(async.SpanStart - start, async.FullSpan.Length);
        written.Append(own).Append("{ switch (ReplyMint.MutantNow.Name) { ");
        foreach (var (mutant, _) in mutants)
            written.Append($"case \"{mutant}\": {Call(NameOf(method, mutant))} ");
        written.Append($"default: {Call(method.Identifier.Text + "__whole")} }} }}\n");
        Copy(method.Identifier.Text + "__whole", text);
        foreach (var (mutant, edits) in mutants)
            Copy(NameOf(method, mutant), edits.Aggregate(text, (before, edit) => before.Replace(edit.Old, edit.New, StringComparison.Ordinal)));
        return written.ToString();

        string Call(string name) => isVoid ? $"{name}{types}({passed}); return;" : $"return {name}{types}({passed});";

        void Copy(string name, string copy)
        {
            var behind = copy[(method.Identifier.Span.End - start)..];
            var kept = string.Join(' ', modifiers.Where(modifier => modifier.Kind() is SyntaxKind.AsyncKeyword or SyntaxKind.StaticKeyword or SyntaxKind.UnsafeKeyword).Select(modifier => modifier.Text));
            written.Append($"private {kept} {method.ReturnType} {name}{behind}\n");
        }
    }

    private static string Passing(ParameterSyntax parameter) =>
        parameter.Modifiers.Any(SyntaxKind.OutKeyword) ? "out " : parameter.Modifiers.Any(SyntaxKind.RefKeyword) ? "ref " : parameter.Modifiers.Any(SyntaxKind.InKeyword) ? "in " : "";
}
