using System.Text.Json;

namespace ReplyMint.Tests.Product;

/// <summary>The API's description. What needs the product is checked here; the rest is Spectral's, which ./test.sh runs on the same document.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task The_document_is_written_for_the_linter()
    {
        await using var product = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { PublicUrl = "https://api.example.com" } });
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri(product.Http, "/openapi/v1.json"), TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(text);
        Assert.StartsWith("3.1.", document.RootElement.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("REPLYMINT_TEST_OPENAPI") is { Length: > 0 } file)
            await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
    }
}
