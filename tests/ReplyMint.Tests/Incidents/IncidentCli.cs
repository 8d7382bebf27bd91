using ReplyMint.Cli;
using ReplyMint.Tests.Cli;
using Xunit;

namespace ReplyMint.Tests.Incidents;

/// <summary>Commands on a store of the test's own, as on the machine without a server; the tenant Acme, its people and its mailbox are there.</summary>
internal sealed class IncidentCli : IDisposable
{
    // A drill takes most of a minute on a machine that does much else.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly CliRun _cli = new();

    public IncidentCli()
    {
        _cli.Environment["REPLYMINT_BASE"] = _cli.Folder;
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        _cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, Host, ct);
    }

    public string Folder => _cli.Folder;

    public string Out { get; private set; } = "";

    public string Error { get; private set; } = "";

    private CommandHost Host => _cli.Host(TextWriter.Null, TextWriter.Null);

    /// <returns>The API key's id.</returns>
    public async Task<string> FillAsync()
    {
        await OkAsync("tenant", "add", "Acme");
        await OkAsync("user", "add", "lead@example.com", "--role", "admin", "--tenant", "Acme");
        await OkAsync("mailbox", "add", "support@example.com");
        await OkAsync("operator", "create", "ops@example.com");
        await OkAsync("key", "create", "=shop", "--scopes", "messages:read", "--networks", "192.0.2.0/24");
        await OkAsync("key", "list", "--json");
        return (string)System.Text.Json.Nodes.JsonNode.Parse(Out.Split('\n')[0])!["id"]!;
    }

    public async Task<int> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var code = await CommandLine.RunAsync(arguments, _cli.Host(output, error), patience.Token);
        (Out, Error) = (output.ToString(), error.ToString());
        return code;
    }

    public async Task<string> OkAsync(params string[] arguments)
    {
        var code = await RunAsync(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code} {Error}{Out}");
        return Out;
    }

    public void Dispose() => _cli.Dispose();
}
