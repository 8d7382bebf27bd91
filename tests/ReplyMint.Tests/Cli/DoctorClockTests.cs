using System.Text.Json.Nodes;
using ReplyMint.Security;

namespace ReplyMint.Tests.Cli;

/// <summary>The doctor asks the kernel whether something keeps the clock right.</summary>
public sealed class DoctorClockTests : IAsyncDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();
    private readonly FakeDns _dns = new();

    public DoctorClockTests()
    {
        _cli.Environment["REPLYMINT_URLS"] = "http://localhost:0";
        _cli.Environment["REPLYMINT_SMTP__PORT"] = "0";
        _cli.Environment["REPLYMINT_DNS__SERVER"] = _dns.Address;
    }

    public async ValueTask DisposeAsync()
    {
        await _dns.DisposeAsync();
        _cli.Dispose();
    }

    private async Task<JsonNode> LookAsync()
    {
        await _cli.OkAsync("doctor", "--json");
        return Assert.Single(_cli.Out.TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!), finding => (string?)finding["check"] == "clock kept");
    }

    [Theory]
    [InlineData(true, 0.0035, "ok", "it is kept right, to 0.004 s")]
    [InlineData(true, 2, "ok", "it is kept right, to 2 s")]
    [InlineData(true, 2.5, "warn", "it may be off by 2.5 s")]
    [InlineData(false, 16, "warn", "nothing keeps the clock right, as far as the kernel knows")]
    [InlineData(null, 0, "ok", "not looked at: the kernel does not say here")]
    public async Task What_the_kernel_says_is_told_with_what_to_do(bool? kept, double off, string state, string text)
    {
        _cli.Clock = new(kept, TimeSpan.FromSeconds(off));
        var found = await LookAsync();
        Assert.Equal(state, (string?)found["state"]);
        Assert.StartsWith(text, (string)found["text"]!, StringComparison.Ordinal);
        Assert.Equal(state == "warn", found["mend"] is not null);
    }

    /// <summary>What a machine says can't be known here; that it is read from the right places can: a clock that nothing keeps is off by the kernel's most, or counts up to it.</summary>
    [Fact]
    public async Task This_machines_kernel_is_asked()
    {
        var reading = KernelClock.Read();
        Assert.InRange(reading.MostOff, TimeSpan.Zero, TimeSpan.FromSeconds(17));
        Assert.True(reading.KeptRight != true || reading.MostOff < TimeSpan.FromSeconds(16), reading.ToString());
        Assert.Contains((string?)(await LookAsync())["state"], (string[])["ok", "warn"]);
    }
}
