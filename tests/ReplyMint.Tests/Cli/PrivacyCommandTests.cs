using ReplyMint.Cli;
using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>Retention and consent by commands: the same words as over HTTP, without a server.</summary>
public sealed class PrivacyCommandTests : IDisposable
{
    private readonly CliRun _cli = new();

    public PrivacyCommandTests()
    {
        _cli.Environment["REPLYMINT_BASE"] = _cli.Folder;
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        _cli.Open = (settings, ct) => Installation.OpenForCommandAsync(settings, _cli.Host(TextWriter.Null, TextWriter.Null), ct);
    }

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Periods_are_shown_and_set_within_bounds()
    {
        await OkAsync("tenant", "add", "Acme");
        Assert.Contains("\"textDays\":90", await OkAsync("retention", "show", "--json"), StringComparison.Ordinal);
        await OkAsync("retention", "set", "--text", "30", "--attachments", "true");
        var shown = await OkAsync("retention", "show", "--json");
        Assert.Contains("\"rawDays\":7,\"textDays\":30,\"recordDays\":365,\"attachments\":true", shown, StringComparison.Ordinal);
        Assert.Contains("--record must not be fewer", await FailsAsync("retention", "set", "--record", "20"), StringComparison.Ordinal);
        Assert.Contains("from 1 to 30", await FailsAsync("retention", "set", "--raw", "31"), StringComparison.Ordinal);
        Assert.Contains("REMOVED", await OkAsync("retention", "report"), StringComparison.Ordinal);
        Assert.Equal("", await OkAsync("retention", "held"));
    }

    [Fact]
    public async Task Texts_consents_and_withdrawals_are_written_down_and_listed()
    {
        await OkAsync("tenant", "add", "Acme");
        Assert.Equal("1", (await OkAsync("consent", "text", "add", _cli.Write("text.txt", "May a machine answer you?"))).Trim());
        Assert.Contains("May a machine", await OkAsync("consent", "text", "list"), StringComparison.Ordinal);
        Assert.Contains("no version 2", await FailsAsync("consent", "give", "anna@customer.example", "--text", "2"), StringComparison.Ordinal);
        await OkAsync("consent", "give", "Anna@Customer.example", "--text", "1", "--way", "form", "--source", "form 12");
        await OkAsync("consent", "withdraw", "anna@customer.example", "--way", "phone");
        var listed = await OkAsync("consent", "list");
        Assert.Contains("given, text 1", listed, StringComparison.Ordinal);
        Assert.Contains("withdrawn", listed, StringComparison.Ordinal);
        Assert.StartsWith("contract", await OkAsync("consent", "basis", "show"), StringComparison.Ordinal);
        Assert.StartsWith("consent, to version 1", await OkAsync("consent", "basis", "set", "--basis", "consent", "--least-text", "1"), StringComparison.Ordinal);
        Assert.Contains("http.publicUrl", await FailsAsync("consent", "basis", "set", "--link", "true"), StringComparison.Ordinal);
    }

    private async Task<string> OkAsync(params string[] arguments)
    {
        var code = await _cli.RunAsync(arguments);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code} {_cli.Error}");
        return _cli.Out;
    }

    private async Task<string> FailsAsync(params string[] arguments)
    {
        Assert.Equal(1, await _cli.RunAsync(arguments));
        return _cli.Error;
    }
}
