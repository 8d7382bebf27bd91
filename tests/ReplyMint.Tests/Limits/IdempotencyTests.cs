using System.Net;
using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;
using ReplyMint.Tests.Product;

namespace ReplyMint.Tests.Limits;

/// <summary>The same key of the same caller on the same address: one effect, one answer.</summary>
public sealed class IdempotencyTests : IAsyncLifetime
{
    private const string Things = "/api/v1/test-things";

    private readonly HttpClient _http = new();
    private readonly TaskCompletionSource _entered = new();
    private readonly TaskCompletionSource _go = new();
    private ProductHost _product = null!;
    private int _effects;

    public async ValueTask InitializeAsync() => _product = await ProductHost.StartAsync(services: services => services
        .AddSingleton<CallerSource>(context => new(new CallerAnswer(new Caller(CallerKind.User, context.Request.Headers.Authorization.ToString().Split('/')[0], _product.Tenant.Id, Permissions.Of(Role.Member))
        {
            Session = context.Request.Headers.Authorization.ToString().Split('/')[^1],
        }, null)))
        .Configure<JsonOptions>(o => o.SerializerOptions.TypeInfoResolverChain.Add(ThingJson.Default)), routes: app =>
    {
        var group = app.MapApi(Permission.Me, "test");
        group.MapPost("/test-things", (NewThing thing, HttpContext context) =>
        {
            var number = Interlocked.Increment(ref _effects);
            context.Response.Headers.ETag = $"\"{number}\"";
            return TypedResults.Created($"{Things}/{number}", new Thing(number, thing.Name));
        });
        group.MapPost("/test-things/{id}/close", (string id) => Interlocked.Increment(ref _effects) > 0 ? TypedResults.NoContent() : TypedResults.NoContent());
        group.MapPost("/test-secrets", () => TypedResults.Ok(new Thing(Interlocked.Increment(ref _effects), "secret"))).SecretAnswer();
        group.MapPost("/test-proofs", () => TypedResults.Ok(new Thing(Interlocked.Increment(ref _effects), "secret"))).SecretAnswer(kept: false);
        group.MapPost("/test-failures", Thing () => Interlocked.Increment(ref _effects) > 0 ? throw new InvalidOperationException() : new(0, ""));
        group.MapPost("/test-unwell", () => (IResult)(Interlocked.Increment(ref _effects) > 0 ? new Problem(503, "later") : Problem.NotFound));
        group.MapPost("/test-slow", async Task<Thing> () =>
        {
            _entered.TrySetResult();
            await _go.Task;
            return new(Interlocked.Increment(ref _effects), "");
        });
        group.MapPost("/test-missing", () => (IResult)(Interlocked.Increment(ref _effects) > 0 ? new Problem(404, "no") : Problem.NotFound));
    });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _product.DisposeAsync();
    }

    private async Task<(HttpStatusCode Status, string Text, string? Location, string? ETag)> PostAsync(string path, string? body, string? key, string caller = "u1")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_product.Http, path)) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", caller);
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var answer = await _http.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.Location?.ToString(), answer.Headers.ETag?.ToString());
    }

    [Fact]
    public async Task The_same_key_gives_the_same_answer_and_no_second_effect()
    {
        var first = await PostAsync(Things, """{"name":"Zoé"}""", "k1");
        Assert.Equal((HttpStatusCode.Created, Things + "/1", "\"1\""), (first.Status, first.Location, first.ETag));
        _product.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(first, await PostAsync(Things, """{"name":"Zoé"}""", "k1"));
        Assert.Equal(1, _effects);
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(Things + "/m1/close", null, "k1")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(Things + "/m1/close", null, "k1")).Status);
        Assert.Equal(2, _effects);
    }

    [Fact]
    public async Task Another_key_another_caller_another_address_or_none_is_another_call()
    {
        await PostAsync(Things, """{"name":"a"}""", "k1");
        await PostAsync(Things, """{"name":"a"}""", "k2");
        await PostAsync(Things, """{"name":"a"}""", "k1", caller: "u2");
        await PostAsync(Things, """{"name":"a"}""", "k1", caller: "u1/another-session");
        await PostAsync(Things + "/m1/close", null, "k1");
        await PostAsync(Things + "/m2/close", null, "k1");
        await PostAsync(Things, """{"name":"a"}""", null);
        await PostAsync(Things, """{"name":"a"}""", null);
        Assert.Equal(8, _effects);
    }

    [Fact]
    public async Task Another_body_gets_422_and_leaves_the_first_answer()
    {
        await PostAsync(Things, """{"name":"a"}""", "k1");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync(Things, """{"name":"b"}""", "k1")).Status);
        Assert.Contains("\"number\":1", (await PostAsync(Things, """{"name":"a"}""", "k1")).Text, StringComparison.Ordinal);
        Assert.Equal(1, _effects);
    }

    [Fact]
    public async Task Of_many_at_once_one_runs_and_the_others_are_told()
    {
        var first = PostAsync("/api/v1/test-slow", null, "k1");
        await _entered.Task;
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync("/api/v1/test-slow", null, "k1")).Status);
        _go.SetResult();
        var answer = await first;
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(answer, await PostAsync("/api/v1/test-slow", null, "k1"));

        // Connections are open after the first round, so the later ones meet at the store.
        for (var round = 0; round < 20; round++)
        {
            var key = $"round{round}";
            var all = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => PostAsync(Things, """{"name":"a"}""", key)));
            Assert.All(all, one => Assert.Contains(one.Status, (HttpStatusCode[])[HttpStatusCode.Created, HttpStatusCode.Conflict]));
            Assert.Equal(2 + round, _effects);
        }
    }

    [Theory]
    [InlineData("/api/v1/test-failures", HttpStatusCode.InternalServerError)]
    [InlineData("/api/v1/test-unwell", HttpStatusCode.ServiceUnavailable)]
    public async Task After_a_failure_the_key_is_refused_for_its_day_and_never_used_twice(string path, HttpStatusCode failure)
    {
        Assert.Equal(failure, (await PostAsync(path, null, "k1")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(path, null, "k1")).Status);
        _product.Time.Advance(Idempotency.Runs);
        var later = await PostAsync(path, null, "k1");
        Assert.Equal(HttpStatusCode.Conflict, later.Status);
        Assert.Contains("use a new key", later.Text, StringComparison.Ordinal);
        Assert.Equal(1, _effects);
        _product.Time.Advance(Idempotency.Kept - Idempotency.Runs);
        Assert.Equal(failure, (await PostAsync(path, null, "k1")).Status);
        Assert.Equal(2, _effects);
    }

    [Fact]
    public async Task What_was_refused_for_its_form_may_be_mended_under_the_same_key()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(Things, """{"name":7}""", "k1")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(Things, """{"name":""}""", "k1")).Status);
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(Things, """{"name":"a"}""", "k1")).Status);
        // An answer that the handler gave is kept, also when it is no.
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/api/v1/test-missing", null, "k1")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/api/v1/test-missing", null, "k1")).Status);
        Assert.Equal(2, _effects);
    }

    [Fact]
    public async Task An_answer_with_a_secret_can_be_had_again_for_minutes_only_and_is_never_made_twice()
    {
        var first = await PostAsync("/api/v1/test-secrets", null, "k1");
        Assert.Equal(first, await PostAsync("/api/v1/test-secrets", null, "k1"));
        _product.Time.Advance(Idempotency.SecretKept);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync("/api/v1/test-secrets", null, "k1")).Status);
        Assert.Equal(1, _effects);
    }

    [Fact]
    public async Task An_answer_that_asks_for_more_than_the_gate_does_is_not_kept_at_all()
    {
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("/api/v1/test-proofs", null, "k1")).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync("/api/v1/test-proofs", null, "k1")).Status);
        Assert.Equal(1, _effects);
    }

    [Fact]
    public async Task What_is_kept_is_sealed_and_expires()
    {
        const string Key = "this-is-the-key";
        await PostAsync(Things, """{"name":"Zoé"}""", Key);
        foreach (var prefix in (string[])["idempotency/", "idempotency-answer/"])
        {
            var item = Assert.Single((await _product.Get<IStore>().QueryAsync(Table.Main, _product.Tenant.Id, new ReplyMint.Storage.Range(prefix), null, default)).Items);
            Assert.Equal(_product.Time.GetUtcNow() + Idempotency.Kept, item.Expires);
            Assert.DoesNotContain("Zo", Encoding.UTF8.GetString(item.Value.Span) + Encoding.UTF8.GetString(item.Sealed.Span), StringComparison.Ordinal);
            Assert.DoesNotContain(Key, item.Key.Sort, StringComparison.Ordinal);
        }
        _product.Time.Advance(Idempotency.Kept);
        Assert.Equal(Things + "/2", (await PostAsync(Things, """{"name":"Zoé"}""", Key)).Location);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("tab\there")]
    public async Task A_key_is_visible_ASCII(string key) => Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(Things, """{"name":"a"}""", key)).Status);

    [Fact]
    public async Task A_key_has_at_most_255_characters()
    {
        Assert.Equal(HttpStatusCode.Created, (await PostAsync(Things, """{"name":"a"}""", new string('k', 255))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(Things, """{"name":"a"}""", new string('k', 256))).Status);
    }
}

internal sealed record NewThing([Line(20)] string Name);

internal sealed record Thing(int Number, string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NewThing))]
[JsonSerializable(typeof(Thing))]
internal sealed partial class ThingJson : JsonSerializerContext;
