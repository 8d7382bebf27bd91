using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using ReplyMint.Security;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Description;

/// <summary>The API's description, made of the product's own routes and records, and held to the one that is built in. Spectral lints it in ./test.sh.</summary>
public sealed class ApiDescriptionTests
{
    private const string Name = "v1";

    // Line by line, so that a change of the API is a change that a reviewer can read; without indentation, since it is sent like this.
    private static readonly JsonSerializerOptions Lines = new() { WriteIndented = true, IndentSize = 0, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string File => Path.Combine(HouseTests.Root, "src", "ReplyMint", "Security", "openapi.json");

    /// <summary>With REPLYMINT_TEST_WRITE_OPENAPI it is written anew instead.</summary>
    [Fact]
    public async Task The_description_that_is_built_in_is_that_of_the_routes()
    {
        await using var product = await ProductHost.StartAsync(services: services => services.AddOpenApi(Name, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddSchemaTransformer(DocumentedMembers.DescribeAsync);
            options.AddSchemaTransformer(DescribedSchemas.BoundAsync);
            options.AddOperationTransformer(DescribedOperations.DescribeAsync);
            options.AddDocumentTransformer(DescriptionFrame.AddAsync);
        }));
        var document = await product.Services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync(TestContext.Current.CancellationToken);
        var json = JsonNode.Parse(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, TestContext.Current.CancellationToken))!.AsObject();
        json.Remove("servers");
        var made = json.ToJsonString(Lines) + "\n";
        if (Environment.GetEnvironmentVariable("REPLYMINT_TEST_WRITE_OPENAPI") is { Length: > 0 })
        {
            await System.IO.File.WriteAllTextAsync(File, made, TestContext.Current.CancellationToken);
            return;
        }
        using var http = new HttpClient();
        Assert.True(made == await http.GetStringAsync(new Uri(product.Http, ApiDescription.Path), TestContext.Current.CancellationToken),
            "The API has changed. Write its description anew (CONTRIBUTING.md, \"A new route\"), look at what changed, and build again.");
    }

    [Fact]
    public async Task Everybody_gets_it_with_the_address_of_this_installation()
    {
        await using var product = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { PublicUrl = "https://api.example.com" } });
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri(product.Http, ApiDescription.Path), TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(text);
        Assert.StartsWith("3.1.", document.RootElement.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.Equal("https://api.example.com", document.RootElement.GetProperty("servers")[0].GetProperty("url").GetString());
        var ready = document.RootElement.GetProperty("paths").GetProperty("/ready");
        Assert.Equal("get", Assert.Single(ready.EnumerateObject()).Name);
        Assert.True(ready.GetProperty("get").GetProperty("responses").GetProperty("503").GetProperty("content").TryGetProperty("application/problem+json", out _));
        if (Environment.GetEnvironmentVariable("REPLYMINT_TEST_OPENAPI") is { Length: > 0 } file)
            await System.IO.File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
    }
}
