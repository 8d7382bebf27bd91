namespace ReplyMint.BinaryTests;

public sealed class CommandLineTests : IDisposable
{
    private readonly Binary _binary = new();

    public void Dispose() => _binary.Dispose();

    [Fact]
    public async Task It_tells_its_version_and_what_it_can()
    {
        var version = await _binary.RunAsync("--version");
        Assert.Equal(0, version.Code);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", version.Out);
        var help = await _binary.RunAsync("--help");
        Assert.Equal(0, help.Code);
        Assert.Contains("Usage: replymint COMMAND", help.Out, StringComparison.Ordinal);
        var nothing = await _binary.RunAsync();
        Assert.Equal((2, help.Out), (nothing.Code, nothing.Error));
    }

    [Fact]
    public async Task Its_settings_survived_trimming()
    {
        var schema = await _binary.RunAsync("settings", "schema");
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Binary.Root, "replymint.schema.json"), TestContext.Current.CancellationToken), schema.Out);
        _binary.Write("c/replymint.json", """{ "jobs": { "workers": 5 }, "environment": "staging" }""");
        var shown = await _binary.RunAsync("settings", "show", "--config", "c");
        Assert.Equal(("", 0), (shown.Error, shown.Code));
        Assert.Contains("\"workers\": 5", shown.Out, StringComparison.Ordinal);
        Assert.Contains("\"environment\": \"staging\"", shown.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_settings_are_named_with_status_2()
    {
        var ran = await _binary.RunAsync(new Dictionary<string, string> { ["REPLYMINT_ENVIRONMENT"] = "prod" }, ["settings", "show"]);
        Assert.Equal(2, ran.Code);
        Assert.Equal("replymint: environment must be one of production, staging, development; this text is not (REPLYMINT_ENVIRONMENT)\n", ran.Error);
    }
}
