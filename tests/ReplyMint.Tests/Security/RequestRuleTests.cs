using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

/// <summary>INPUT-1: what a request may hold is said on its record, and held before the handler runs.</summary>
public sealed class RequestRuleTests
{
    private const string Root = RouteGroups.ApiRoot;

    private static readonly SharedHost Shared = new(() => TestHost.StartAsync(TestHost.Development(), Routes, services =>
        services.Configure<JsonOptions>(o => o.SerializerOptions.TypeInfoResolverChain.Add(RuledJson.Default))));

    private static void Routes(WebApplication app)
    {
        var group = app.MapSignIn();
        group.MapPost("/forms", (RuledForm form) => TypedResults.Ok(form));
        group.MapGet("/forms", ([AsParameters] PageQuery page, [WordOf<RuledKind>] string? kind) => TypedResults.Ok($"{page.Size} {page.Cursor} {kind}"));
        group.MapGet("/forms/{id}", (string id) => TypedResults.Ok(id));
        group.MapPost("/forms/{id}/close", (string id) => TypedResults.Ok(id));
        group.MapPost("/raw", (HttpContext context) => TypedResults.Ok("raw")).Accepts<string>("text/plain");
    }

    private static string With(string members) => $$"""{"name":"a",{{members}}}""";

    private static async Task<Answer> PostAsync(string json) => await (await Shared.GetAsync()).PostAsync(Root + "/forms", json, "Content-Type: application/json");

    [Theory]
    [InlineData("""{"name":""}""", "name", "is empty")]
    [InlineData("""{"name":" \t "}""", "name", "is empty")]
    [InlineData("""{"name":"12345678901"}""", "name", "is longer than 10 characters")]
    [InlineData("""{"name":"a\r\nBcc: b"}""", "name", "must be one line without control characters")]
    [InlineData("""{"name":"a\u0000"}""", "name", "holds the character NUL")]
    [InlineData("""{"name":"a\u2028b"}""", "name", "must be one line without control characters")]
    [InlineData("""{"name":"a","text":"a\u0000b"}""", "text", "holds the character NUL")]
    [InlineData("""{"name":"a","count":-1}""", "count", "must be a whole number from 0 to 9")]
    [InlineData("""{"name":"a","share":1.5}""", "share", "must be a number from 0 to 1")]
    [InlineData("""{"name":"a","tags":["a","b","c"]}""", "tags", "has more than 2 elements")]
    [InlineData("""{"name":"a","tags":["ok","far too long"]}""", "tags[1]", "is longer than 10 characters")]
    [InlineData("""{"name":"a","tags":[null]}""", "tags[0]", "is null")]
    [InlineData("""{"name":"a","words":{"one":"far too long"}}""", "words.one", "is longer than 10 characters")]
    [InlineData("""{"name":"a","inner":{"text":"12345678901"}}""", "inner.text", "is longer than 10 characters")]
    [InlineData("""{"name":"a","inners":[{"text":"a"},{"text":""}]}""", "inners[1].text", "is empty")]
    [InlineData("""{"name":"a","id":"../../etc"}""", "id", "is no id: letters, digits, - and _ only")]
    [InlineData("""{"name":"a","address":"nobody"}""", "address", "is no mail address")]
    [InlineData("""{"name":"a","url":"javascript:alert(1)"}""", "url", "is no http or https address")]
    [InlineData("""{"name":"a","url":"https://user:pass@example.com/"}""", "url", "is no http or https address")]
    [InlineData("""{"name":"a","token":"a b"}""", "token", "must be visible ASCII characters")]
    [InlineData("""{"name":"a","kind":"third"}""", "kind", null)]
    [InlineData("""{"name":"a","kind":1}""", "kind", null)]
    [InlineData("""{"name":"a","role":"admin"}""", "role", null)]
    [InlineData("""{"text":"b"}""", "name", "is missing")]
    [InlineData("""[{"name":"a"}]""", "body", null)]
    public async Task What_is_not_allowed_gets_400_and_is_named(string json, string member, string? wrong)
    {
        var errors = (await PostAsync(json)).IsProblem(400).Json.GetProperty("errors");
        Assert.Equal(member, Assert.Single(errors.EnumerateObject()).Name);
        if (wrong is not null)
            Assert.Equal(wrong, errors.GetProperty(member)[0].GetString());
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_told_at_once()
    {
        var errors = (await PostAsync("""{"name":"","count":10,"inner":{"text":""}}""")).IsProblem(400).Json.GetProperty("errors");
        Assert.Equal(["count", "inner.text", "name"], errors.EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("\"count\":9,\"share\":0.5")]
    [InlineData("\"tags\":[\"a\",\"b\"],\"words\":{\"one\":\"two\"}")]
    [InlineData("\"kind\":\"second\",\"id\":\"m0123-_A\",\"token\":\"abc\"")]
    [InlineData("\"text\":\"one\\r\\ntwo\\tthree\"")]
    [InlineData("\"address\":\"anna@customer.example\",\"url\":\"https://example.com/hook?a=b\"")]
    public async Task What_is_allowed_passes(string members) => Assert.Equal(200, (await PostAsync(With(members))).Status);

    [Fact]
    public async Task Lengths_count_characters_as_people_do_not_halves_of_them()
    {
        var ten = string.Concat(Enumerable.Repeat("😀", 10));
        Assert.Equal(ten, (await PostAsync($$"""{"name":"{{ten}}"}""")).Json.GetProperty("name").GetString());
        (await PostAsync($$"""{"name":"{{ten}}x"}""")).IsProblem(400);
    }

    [Theory]
    [InlineData("?limit=0", "limit")]
    [InlineData("?limit=201", "limit")]
    [InlineData("?limit=1&limit=2", "limit")]
    [InlineData("?cursor=a%2Fb", "cursor")]
    [InlineData("?cursor=", "cursor")]
    [InlineData("?kind=third", "kind")]
    [InlineData("?LIMIT=1", "query")]
    [InlineData("?offset=1", "query")]
    public async Task A_query_is_held_to_its_parameters(string query, string member)
    {
        var host = await Shared.GetAsync();
        Assert.Equal(member, Assert.Single((await host.AskAsync("GET", $"{Root}/forms{query}")).IsProblem(400).Json.GetProperty("errors").EnumerateObject()).Name);
    }

    [Fact]
    public async Task A_good_query_passes()
    {
        var host = await Shared.GetAsync();
        Assert.Equal("\"50  \"", (await host.AskAsync("GET", Root + "/forms")).Body);
        Assert.Equal("\"200 m1 second\"", (await host.AskAsync("GET", Root + "/forms?limit=200&cursor=m1&kind=second")).Body);
    }

    [Theory]
    [InlineData("m1!")]
    [InlineData("m%001")]
    [InlineData("..%2f..%2fetc")]
    [InlineData("%ff")]
    [InlineData("a12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task An_id_of_no_known_form_is_the_id_of_nothing(string id)
    {
        var host = await Shared.GetAsync();
        Assert.Equal(200, (await host.AskAsync("GET", Root + "/forms/m1")).Status);
        var status = (await host.AskAsync("GET", $"{Root}/forms/{id}")).Status;
        // Kestrel refuses a path with NUL by itself.
        Assert.Equal(id.Contains("%00", StringComparison.Ordinal) ? 400 : 404, status);
    }

    [Fact]
    public async Task A_body_is_there_where_one_is_taken_and_nowhere_else()
    {
        var host = await Shared.GetAsync();
        Assert.Equal(200, (await host.PostAsync(Root + "/forms/m1/close", "")).Status);
        (await host.PostAsync(Root + "/forms/m1/close", "{}", "Content-Type: application/json")).IsProblem(400);
        (await host.SendAsync(host.Head("GET", Root + "/forms/m1", "Content-Length: 2", "Content-Type: application/json") + "{}")).IsProblem(400);
        (await host.PostAsync(Root + "/forms", "", "Content-Type: application/json")).IsProblem(400);
        (await host.PostAsync(Root + "/forms", "null", "Content-Type: application/json")).IsProblem(400);
        (await host.PostAsync(Root + "/forms", "{\"name\":\"a\"}")).IsProblem(415);
        (await host.PostAsync(Root + "/forms", "{\"name\":\"a\"}", "Content-Type: text/plain")).IsProblem(415);
        Assert.Equal(200, (await host.PostAsync(Root + "/raw", "anything", "Content-Type: text/plain")).Status);
        (await host.PostAsync(Root + "/raw", "anything", "Content-Type: application/json")).IsProblem(415);
    }

    [Theory]
    [InlineData("/unbounded-text")]
    [InlineData("/unbounded-list")]
    [InlineData("/unbounded-query")]
    public async Task A_route_whose_input_nothing_bounds_has_no_plan(string path)
    {
        await using var host = await TestHost.StartAsync(TestHost.Development(), app =>
        {
            var group = app.MapSignIn();
            group.MapPost("/unbounded-text", (LooseText form) => TypedResults.Ok(form.Text));
            group.MapPost("/unbounded-list", (LooseList form) => TypedResults.Ok(form.List));
            group.MapGet("/unbounded-query", (string word) => TypedResults.Ok(word));
        }, services => services.Configure<JsonOptions>(o => o.SerializerOptions.TypeInfoResolverChain.Add(RuledJson.Default)));
        var route = host.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Single(e => e.RoutePattern.RawText == Root + path);
        Assert.Throws<InvalidOperationException>(() => RequestRules.PlanOf(route, host.Services));
    }
}

internal enum RuledKind { First, Second }

internal sealed record RuledInner([Text(10)] string Text);

internal sealed record RuledForm([Line(10)] string Name, [Text(100)] string? Text = null)
{
    [Whole(0, 9)]
    public int Count { get; init; }

    [Fraction(0, 1)]
    public double? Share { get; init; }

    [Items(2), Line(10)]
    public IReadOnlyList<string>? Tags { get; init; }

    [Items(2), Line(10)]
    public Dictionary<string, string>? Words { get; init; }

    public RuledInner? Inner { get; init; }

    [Items(3)]
    public IReadOnlyList<RuledInner>? Inners { get; init; }

    [Id]
    public string? Id { get; init; }

    [Address]
    public string? Address { get; init; }

    [WebUrl(100)]
    public string? Url { get; init; }

    [Token(10)]
    public string? Token { get; init; }

    [JsonConverter(typeof(WireEnum<RuledKind>))]
    public RuledKind Kind { get; init; }
}

internal sealed record LooseText(string Text);

internal sealed record LooseList([Line(10)] IReadOnlyList<string> List);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RuledForm))]
[JsonSerializable(typeof(LooseText))]
[JsonSerializable(typeof(LooseList))]
internal sealed partial class RuledJson : JsonSerializerContext;
