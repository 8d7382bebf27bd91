using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace ReplyMint.Tests.Security;

/// <summary>
/// Which members of others the library calls, and from which files, as it was compiled: its sources may say something by another name, or in a
/// comment, and a mutant changes the library alone.
/// </summary>
internal static partial class CompiledCalls
{
    public sealed record Call(string File, string Type, string Member);

    private static readonly string Source = Path.Combine(HouseTests.Root, "src");

    private static readonly OpCode[] Codes = [.. typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (OpCode)field.GetValue(null)!)];
    private static readonly Dictionary<int, OpCode> Short = Codes.Where(code => code.Size == 1).ToDictionary(code => code.Value & 0xff);
    private static readonly Dictionary<int, OpCode> Long = Codes.Where(code => code.Size == 2).ToDictionary(code => code.Value & 0xff);

    private static readonly Lazy<IReadOnlyList<Call>> Library = new(() => Read(typeof(ReplyMintApp).Assembly.Location, "ReplyMint"));

    /// <summary>Of the product's library; each once. What is only let go of (Dispose) is none.</summary>
    public static IReadOnlyList<Call> All => Library.Value;

    private static List<Call> Read(string library, string project)
    {
        using var file = new PEReader(File.OpenRead(library));
        var metadata = file.GetMetadataReader();
        var files = Directory.EnumerateFiles(Path.Combine(Source, project), "*.cs", SearchOption.AllDirectories).Select(path => (Path: Path.GetRelativePath(Source, path).Replace('\\', '/'), path))
            .Where(one => !one.Path.Contains("/obj/", StringComparison.Ordinal)).SelectMany(one => Declared().Matches(File.ReadAllText(one.path)).Select(match => (match.Groups[1].Value, one.Path)))
            .ToLookup(one => one.Value, one => one.Path, StringComparer.Ordinal);
        var calls = new HashSet<Call>();
        foreach (var method in Mutated(metadata, metadata.MethodDefinitions.Select(metadata.GetMethodDefinition)))
            if (method.RelativeVirtualAddress != 0)
                foreach (var (type, member) in Called(metadata, file.GetMethodBody(method.RelativeVirtualAddress)))
                    foreach (var path in files[Outermost(metadata, method.GetDeclaringType())])
                        calls.Add(new(path, type, member));
        return [.. calls];
    }

    /// <summary>The library of mutants holds a copy of a method for each (tools/ReplyMint.Mutants): of these counts the one whose turn it is, or else the whole one.</summary>
    private static IEnumerable<MethodDefinition> Mutated(MetadataReader metadata, IEnumerable<MethodDefinition> methods)
    {
        var turn = (Environment.GetEnvironmentVariable("REPLYMINT_TEST_MUTANT") ?? "").Replace('-', '_');
        var all = methods.Select(method => (Method: method, Copy: CopyOf(metadata, method))).ToList();
        var changed = all.Where(one => one.Copy?.Mutant == turn).Select(one => one.Copy!.Value.Of).ToHashSet(StringComparer.Ordinal);
        return all.Where(one => one.Copy is not { } copy || copy.Mutant == turn || (copy.Mutant == "whole" && !changed.Contains(copy.Of))).Select(one => one.Method);
    }

    private static (string Of, string Mutant)? CopyOf(MetadataReader metadata, MethodDefinition method)
    {
        // What the compiler makes of a method's inner parts bears its name too, on itself or on its type.
        string[] names = [metadata.GetString(method.Name), metadata.GetString(metadata.GetTypeDefinition(method.GetDeclaringType()).Name)];
        return names.Select(name => Copied().Match(name)).FirstOrDefault(match => match.Success) is { } found ? ($"{Outermost(metadata, method.GetDeclaringType())}.{found.Groups[1].Value}", found.Groups[2].Value) : null;
    }

    private static IEnumerable<(string Type, string Member)> Called(MetadataReader metadata, MethodBodyBlock body)
    {
        var called = new List<(string, string)>();
        for (var code = body.GetILReader(); code.RemainingBytes > 0;)
        {
            var first = code.ReadByte();
            var operation = first == 0xfe ? Long[code.ReadByte()] : Short[first];
            switch (operation.OperandType)
            {
                case OperandType.InlineMethod:
                    if (MemberOf(metadata, MetadataTokens.EntityHandle(code.ReadInt32())) is { } one)
                        called.Add(one);
                    break;
                case OperandType.InlineSwitch:
                    var cases = code.ReadInt32();
                    code.Offset += cases * 4;
                    break;
                default:
                    code.Offset += SizeOf(operation.OperandType);
                    break;
            }
        }
        return called;
    }

    private static int SizeOf(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    private static (string Type, string Member)? MemberOf(MetadataReader metadata, EntityHandle handle)
    {
        if (handle.Kind == HandleKind.MethodSpecification)
            handle = metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method;
        if (handle.Kind != HandleKind.MemberReference || metadata.GetMemberReference((MemberReferenceHandle)handle) is not { Parent.Kind: HandleKind.TypeReference } member)
            return null;
        var (name, type) = (metadata.GetString(member.Name), metadata.GetTypeReference((TypeReferenceHandle)member.Parent));
        while (type.ResolutionScope.Kind == HandleKind.TypeReference)
            type = metadata.GetTypeReference((TypeReferenceHandle)type.ResolutionScope);
        return name == nameof(IDisposable.Dispose) ? null : (metadata.GetString(type.Name), name);
    }

    private static string Outermost(MetadataReader metadata, TypeDefinitionHandle type)
    {
        while (metadata.GetTypeDefinition(type).GetDeclaringType() is { IsNil: false } outer)
            type = outer;
        return metadata.GetString(metadata.GetTypeDefinition(type).Name).Split('`')[0];
    }

    [GeneratedRegex(@"^(?:(?:public|internal|file|static|sealed|abstract|partial|readonly|ref) )+(?:class|record struct|record|struct|interface) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declared();

    [GeneratedRegex("^(?:<+)?(\\w+?)__([a-z0-9_]+)(?:>.*)?$")]
    private static partial Regex Copied();
}
