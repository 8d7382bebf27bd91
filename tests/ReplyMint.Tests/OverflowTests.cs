using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;

namespace ReplyMint.Tests;

/// <summary>What is shipped is compiled so that a number that runs over is an error and never another number, and what is meant to run over says so.</summary>
public sealed partial class OverflowTests
{
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>An assembly's sums, of which some would be checked by a word of their own; all of these can't be.</summary>
    [Theory]
    [InlineData("ReplyMint.Core", 1_000)]
    [InlineData("ReplyMint.Aws", 15)]
    [InlineData("replymint", 20)]
    public void Sums_of_what_is_shipped_are_checked(string assembly, int least)
    {
        var found = Assembly.Load(assembly).GetTypes().SelectMany(type => type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All))).Sum(method => Count(method, name => name.StartsWith("add.ovf", StringComparison.Ordinal)));
        Assert.True(found >= least, $"{assembly} has {found} checked sums only");
    }

    [Fact]
    public void A_method_is_read_right()
    {
        Assert.Equal((1, 0), (Count(((Func<int, int, int>)Sum).Method, IsChecked), Count(((Func<int, int, int>)Wraps).Method, IsChecked)));

        static int Sum(int a, int b) => checked(a + b);
        static int Wraps(int a, int b) => unchecked(a + b);
        static bool IsChecked(string name) => name == "add.ovf";
    }

    /// <summary>Whoever reads it knows why: in a comment on the line, or right above.</summary>
    [Fact]
    public void What_runs_over_on_purpose_says_why()
    {
        var places = Directory.EnumerateFiles(Path.Combine(HouseTests.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => File.ReadAllLines(file) is var lines ? lines.Index().Where(line => Unchecked().IsMatch(line.Item)).Select(line => (File: Path.GetFileName(file), Line: line.Index + 1, Told: line.Index > 0 && lines[line.Index - 1].Contains("//", StringComparison.Ordinal))) : []).ToList();
        Assert.True(places.Count > 5, $"Only {places.Count} were found.");
        Assert.Empty(places.Where(place => !place.Told).Select(place => $"{place.File}:{place.Line}"));
    }

    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [GeneratedRegex(@"\bunchecked\b(?=\s*[({])")]
    private static partial Regex Unchecked();

    /// <summary>How many instructions of a method have such a name.</summary>
    private static int Count(MethodBase method, Func<string, bool> wanted)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code)
            return 0;
        var found = 0;
        for (var at = 0; at < code.Length;)
        {
            var one = Codes[code[at] == 0xFE ? (short)(0xFE00 | code[at + 1]) : code[at]];
            at += one.Size;
            found += wanted(one.Name!) ? 1 : 0;
            at += one.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
        return found;
    }
}
