using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using Xunit;

namespace ReplyMint.Tests.Security;

/// <summary>
/// docs/connections.md names each type of ours that opens a connection, listens, asks for names or starts a program, and there is no other one. Looked for in the
/// compiled code, so it does not matter how a source file writes it.
/// </summary>
public sealed partial class WaysOutTests
{
    private static readonly string[] Ours = ["ReplyMint.Core", "ReplyMint.Aws", "replymint"];

    /// <summary>Types that open something when they are made.</summary>
    private static readonly HashSet<string> Made = new(StringComparer.Ordinal)
    {
        "System.Net.Sockets.Socket", "System.Net.Sockets.TcpClient", "System.Net.Sockets.UdpClient", "System.Net.Sockets.TcpListener", "System.Net.Http.SocketsHttpHandler", "System.Net.Http.HttpClientHandler",
        "System.Net.WebSockets.ClientWebSocket", "System.Net.WebClient", "System.Net.NetworkInformation.Ping", "System.Net.Mail.SmtpClient", "System.Net.Security.SslStream", "System.IO.Pipes.NamedPipeClientStream",
        "System.IO.Pipes.NamedPipeServerStream", "MailKit.Net.Imap.ImapClient", "MailKit.Net.Smtp.SmtpClient", "MailKit.Net.Pop3.Pop3Client", "DnsClient.LookupClient", "System.Diagnostics.Process",
        // Fetches what a certificate names, unless it is told not to.
        "System.Security.Cryptography.X509Certificates.X509Chain",
    };

    /// <summary>Types whose methods do.</summary>
    private static readonly HashSet<string> Called = new(StringComparer.Ordinal)
    {
        "System.Net.Dns", "System.Net.WebRequest", "System.Net.HttpWebRequest", "System.Net.Quic.QuicConnection", "System.Net.Quic.QuicListener", "System.Diagnostics.Process", "System.Net.Http.HttpMessageHandlerFactory",
    };

    private static readonly OpCode[] One = Codes(1);
    private static readonly OpCode[] Two = Codes(2);

    [Fact]
    public void No_connection_is_opened_where_the_page_does_not_say_so()
    {
        var page = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "connections.md"));
        var start = page.IndexOf("## Where the code opens them", StringComparison.Ordinal);
        var told = Row().Matches(page[start..page.IndexOf("\n## ", start + 5, StringComparison.Ordinal)])
            .SelectMany(row => Word().Matches(row.Groups["opened"].Value).Select(word => $"{row.Groups["type"].Value}: {word.Groups[1].Value}"));
        var found = Ours.SelectMany(OpenedIn).Distinct().ToList();
        Assert.Contains("OutsideHttp: Socket", found);
        Assert.Equal(found.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    /// <summary>A client of mail that is given a name instead of a connection looks it up and connects by itself; one of HTTP without a handler makes its own.</summary>
    [Fact]
    public void No_library_connects_by_itself()
    {
        var calls = Ours.SelectMany(CallsOf).Where(call => call.Type.StartsWith("MailKit.", StringComparison.Ordinal) && call.Method.StartsWith("Connect", StringComparison.Ordinal)).ToList();
        Assert.Equal(["AccountDoor", "SmtpPool"], calls.Select(call => call.By).Distinct().Order(StringComparer.Ordinal));
        // The connection, its host and port, how, and until when.
        Assert.All(calls, call => Assert.Equal(5, call.Parameters));
        Assert.DoesNotContain(Ours.SelectMany(CallsOf), call => call is { Type: "System.Net.Http.HttpClient", Method: ".ctor", Parameters: 0 });
    }

    /// <summary>Of what others wrote and is in the binary, these alone can open one at all.</summary>
    [Fact]
    public void A_package_that_can_open_connections_is_named()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(["replymint"]);
        var able = new List<string>();
        while (open.TryDequeue(out var name))
        {
            // What is not beside the tests is the framework's.
            if (!seen.Add(name) || !File.Exists(FileOf(name)))
                continue;
            using var file = new PEReader(File.OpenRead(FileOf(name)));
            var code = file.GetMetadataReader();
            foreach (var reference in code.AssemblyReferences)
                open.Enqueue(code.GetString(code.GetAssemblyReference(reference).Name));
            if (!Ours.Contains(name) && code.TypeReferences.Any(type => code.GetString(code.GetTypeReference(type).Namespace) is "System.Net.Sockets" or "System.Net.Http" or "System.Net.Quic"))
                able.Add(name);
        }
        Assert.Equal(["BouncyCastle.Cryptography", "DnsClient", "MailKit", "MimeKit"], able.Order(StringComparer.Ordinal));
        var page = File.ReadAllText(Path.Combine(HouseTests.Root, "docs", "connections.md"));
        Assert.All(able, name => Assert.Contains(name, page, StringComparison.Ordinal));
    }

    private static IEnumerable<string> OpenedIn(string assembly) =>
        CallsOf(assembly).Where(call => (call.Method == ".ctor" && Made.Contains(call.Type)) || Called.Contains(call.Type)).Select(call => $"{call.By}: {call.Type[(call.Type.LastIndexOf('.') + 1)..]}");

    private static List<(string By, string Type, string Method, int Parameters)> CallsOf(string assembly)
    {
        using var file = new PEReader(File.OpenRead(FileOf(assembly)));
        var code = file.GetMetadataReader();
        var calls = new List<(string, string, string, int)>();
        foreach (var handle in code.MethodDefinitions)
        {
            var method = code.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress == 0)
                continue;
            foreach (var token in Tokens(file.GetMethodBody(method.RelativeVirtualAddress).GetILReader()))
                if (CalledBy(code, MetadataTokens.EntityHandle(token)) is var (type, name, parameters))
                    calls.Add((Outermost(code, method.GetDeclaringType()), type, name, parameters));
        }
        Assert.True(calls.Count > 100, assembly);
        return calls;
    }

    private static (string Type, string Method, int Parameters)? CalledBy(MetadataReader code, EntityHandle called)
    {
        if (called.Kind == HandleKind.MethodSpecification)
            called = code.GetMethodSpecification((MethodSpecificationHandle)called).Method;
        if (called.Kind != HandleKind.MemberReference || code.GetMemberReference((MemberReferenceHandle)called) is not { Parent.Kind: HandleKind.TypeReference } member || member.GetKind() != MemberReferenceKind.Method)
            return null;
        var type = code.GetTypeReference((TypeReferenceHandle)member.Parent);
        var signature = code.GetBlobReader(member.Signature);
        if (signature.ReadSignatureHeader().IsGeneric)
            signature.ReadCompressedInteger();
        return ($"{code.GetString(type.Namespace)}.{code.GetString(type.Name)}", code.GetString(member.Name), signature.ReadCompressedInteger());
    }

    private static string Outermost(MetadataReader code, TypeDefinitionHandle handle)
    {
        var type = code.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil)
            type = code.GetTypeDefinition(type.GetDeclaringType());
        return code.GetString(type.Name);
    }

    /// <summary>The methods that a body calls, makes or points to.</summary>
    private static List<int> Tokens(BlobReader body)
    {
        var tokens = new List<int>();
        while (body.RemainingBytes > 0)
        {
            var first = body.ReadByte();
            var kind = (first == 0xfe ? Two[body.ReadByte()] : One[first]).OperandType;
            switch (kind)
            {
                case OperandType.InlineMethod or OperandType.InlineTok:
                    tokens.Add(body.ReadInt32());
                    break;
                case OperandType.InlineSwitch:
                    var targets = body.ReadInt32();
                    body.Offset += 4 * targets;
                    break;
                default:
                    body.Offset += kind switch
                    {
                        OperandType.InlineNone => 0,
                        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                        OperandType.InlineVar => 2,
                        OperandType.InlineI8 or OperandType.InlineR => 8,
                        _ => 4,
                    };
                    break;
            }
        }
        return tokens;
    }

    private static OpCode[] Codes(int size)
    {
        var codes = new OpCode[256];
        foreach (var field in typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static))
            if (field.GetValue(null) is OpCode code && code.Size == size)
                codes[code.Value & 0xff] = code;
        return codes;
    }

    private static string FileOf(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly + ".dll");

    [GeneratedRegex(@"^\| `(?<type>\w+)` \| (?<opened>[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(\\w+)`")]
    private static partial Regex Word();
}
