using Xunit;

namespace ReplyMint.Tests.Cli;

/// <summary>Retention and consent by commands: the same words as over HTTP, without a server.</summary>
public sealed class PrivacyCommandTests : IDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Periods_are_shown_and_set_within_bounds()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        Assert.Contains("\"textDays\":90", await _cli.OkAsync("retention", "show", "--json"), StringComparison.Ordinal);
        Assert.Contains("--attachments can't be kept yet", await _cli.FailsAsync("retention", "set", "--attachments", "true"), StringComparison.Ordinal);
        _cli.Environment["REPLYMINT_INBOUND__ATTACHMENTS__SCANNER"] = "none";
        await _cli.OkAsync("retention", "set", "--text", "30", "--attachments", "true");
        var shown = await _cli.OkAsync("retention", "show", "--json");
        Assert.Contains("\"rawDays\":7,\"textDays\":30,\"recordDays\":365,\"attachments\":true", shown, StringComparison.Ordinal);
        _cli.Environment.Remove("REPLYMINT_INBOUND__ATTACHMENTS__SCANNER");
        Assert.Contains("not kept: no scanner is set", await _cli.OkAsync("retention", "show"), StringComparison.Ordinal);
        await _cli.OkAsync("retention", "set", "--attachments", "false");
        Assert.Contains("--record must not be fewer", await _cli.FailsAsync("retention", "set", "--record", "20"), StringComparison.Ordinal);
        Assert.Contains("from 1 to 30", await _cli.FailsAsync("retention", "set", "--raw", "31"), StringComparison.Ordinal);
        Assert.Contains("REMOVED", await _cli.OkAsync("retention", "report"), StringComparison.Ordinal);
        Assert.Equal("", await _cli.OkAsync("retention", "held"));
    }

    [Fact]
    public async Task Texts_consents_and_withdrawals_are_written_down_and_listed()
    {
        await _cli.OkAsync("tenant", "add", "Acme");
        Assert.Equal("1", (await _cli.OkAsync("consent", "text", "add", _cli.Write("text.txt", "May a machine answer you?"))).Trim());
        Assert.Contains("May a machine", await _cli.OkAsync("consent", "text", "list"), StringComparison.Ordinal);
        Assert.Contains("no version 2", await _cli.FailsAsync("consent", "give", "anna@customer.example", "--text", "2"), StringComparison.Ordinal);
        await _cli.OkAsync("consent", "give", "Anna@Customer.example", "--text", "1", "--way", "form", "--source", "form 12");
        await _cli.OkAsync("consent", "withdraw", "anna@customer.example", "--way", "phone");
        var listed = await _cli.OkAsync("consent", "list");
        Assert.Contains("given, text 1", listed, StringComparison.Ordinal);
        Assert.Contains("withdrawn", listed, StringComparison.Ordinal);
        Assert.StartsWith("contract", await _cli.OkAsync("consent", "basis", "show"), StringComparison.Ordinal);
        Assert.StartsWith("consent, to version 1", await _cli.OkAsync("consent", "basis", "set", "--basis", "consent", "--least-text", "1"), StringComparison.Ordinal);
        Assert.Contains("http.publicUrl", await _cli.FailsAsync("consent", "basis", "set", "--link", "true"), StringComparison.Ordinal);
    }

}
