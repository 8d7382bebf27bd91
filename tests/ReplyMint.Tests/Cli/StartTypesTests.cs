using System.Collections;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ReplyMint.Cli;
using ReplyMint.Security;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>
/// The container closes generic types (loggers, options, lists of services) while it starts. Those that the native binary does not hold ready it has to build then,
/// at some 50 µs each: a quarter of the start. <c>start.rd.xml</c> names them.
/// </summary>
public sealed partial class StartTypesTests
{
    private const string Namespace = "http://schemas.microsoft.com/netfx/2013/01/metadata";

    [Fact]
    public async Task What_the_container_closes_at_the_start_is_compiled_ahead()
    {
        var file = Path.Combine(HouseTests.Root, "src", "ReplyMint.Cli", "start.rd.xml");
        var closed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var environment in new[] { DeploymentEnvironment.Development, DeploymentEnvironment.Production })
        {
            using var cli = new CliRun();
            var settings = new ReplyMintSettings
            {
                Data = Path.Combine(cli.Folder, "data"), Config = Path.Combine(cli.Folder, "config"), Urls = ["http://127.0.0.1:0"], Environment = environment, Smtp = new() { Port = 0 },
            };
            await using var server = await ServerProcess.StartAsync(settings, cli.Host(TextWriter.Null, TextWriter.Null), TestContext.Current.CancellationToken);
            closed.UnionWith(Closed(server.Services));
        }
        if (Environment.GetEnvironmentVariable("REPLYMINT_TEST_WRITE_START_TYPES") == "1")
            await File.WriteAllTextAsync(file, Written(closed), TestContext.Current.CancellationToken);
        var named = XDocument.Load(file).Descendants(XName.Get("Type", Namespace)).Select(type => $"{type.Attribute("Name")!.Value}, {type.Parent!.Attribute("Name")!.Value}").ToHashSet(StringComparer.Ordinal);
        Assert.True(closed.Count > 100, $"Only {closed.Count} types were found.");
        Assert.Empty(closed.Except(named, StringComparer.Ordinal).Select(type => $"{type} (tools/ReplyMint.StartOrder/run.sh writes the list anew)"));
    }

    /// <summary>What the container made up its mind about, which it keeps to itself.</summary>
    private static IEnumerable<string> Closed(IServiceProvider services)
    {
        const BindingFlags Inner = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        static object Of(object from, string name) => from.GetType().GetProperty(name, Inner)!.GetValue(from)!;
        var factory = Of(services, "CallSiteFactory");
        var sites = (IDictionary)factory.GetType().GetField("_callSiteCache", Inner)!.GetValue(factory)!;
        return sites.Values.Cast<object>().Where(site => site.GetType().Name != "ConstantCallSite")
            .SelectMany(site => new[] { (Type)Of(site, "ServiceType"), (Type?)site.GetType().GetProperty("ImplementationType", Inner)!.GetValue(site) })
            .Where(type => type is not null && (type.IsGenericType || (type.IsArray && type.GetElementType()!.IsGenericType)))
            .Select(type => Version().Replace(type!.AssemblyQualifiedName!, ""));
    }

    private static string Written(IEnumerable<string> types)
    {
        var byAssembly = types.Select(type => (At: type.LastIndexOf(", ", StringComparison.Ordinal), Name: type)).GroupBy(type => type.Name[(type.At + 2)..], type => type.Name[..type.At], StringComparer.Ordinal);
        var root = new XElement(XName.Get("Directives", Namespace), new XElement(XName.Get("Application", Namespace), byAssembly.OrderBy(assembly => assembly.Key, StringComparer.Ordinal).Select(assembly =>
            new XElement(XName.Get("Assembly", Namespace), new XAttribute("Name", assembly.Key), assembly.Select(type =>
                new XElement(XName.Get("Type", Namespace), new XAttribute("Name", type), new XAttribute("Dynamic", "Required All")))))));
        return root + "\n";
    }

    [GeneratedRegex(", Version=[^,\\]]+, Culture=[^,\\]]+, PublicKeyToken=[^,\\]]+")]
    private static partial Regex Version();
}
