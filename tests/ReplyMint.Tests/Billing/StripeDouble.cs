using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Tests.Billing;

/// <summary>Stripe's API on a socket of this machine, with objects in Stripe's own shapes.</summary>
internal sealed class StripeDouble : IAsyncDisposable
{
    public const string Key = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";

    private readonly WebApplication _app;
    private readonly JsonObject _shapes;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JsonObject> _subscriptions = [];
    private int _made;

    private StripeDouble(WebApplication app, JsonObject shapes) => (_app, _shapes) = (app, shapes);

    public string Endpoint => _app.Urls.Single();

    /// <summary>What was asked: method, path and query, and the form.</summary>
    public List<(string Asked, Dictionary<string, string> Form)> Requests { get; } = [];

    /// <summary>Answers all with this status, where it is set.</summary>
    public int? Broken { get; set; }

    /// <summary>What happens once between the reading of a subscription and the answer.</summary>
    public Func<Task>? Between { get; set; }

    public static async Task<StripeDouble> StartAsync()
    {
        var file = Path.Combine(SharedData.Folder("vectors/stripe"), "api-fixtures.json");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var stripe = new StripeDouble(builder.Build(), JsonNode.Parse(await File.ReadAllTextAsync(file))!["resources"]!.AsObject());
        stripe._app.Run(stripe.AnswerAsync);
        await stripe._app.StartAsync();
        return stripe;
    }

    /// <summary>An object as Stripe's own description has it.</summary>
    public JsonObject Shape(string kind) => _shapes[kind]!.DeepClone().AsObject();

    /// <summary>Makes a subscription, or changes one.</summary>
    public JsonObject Set(string id, Action<JsonObject> change, string? tenant = null, DateTimeOffset? from = null)
    {
        lock (_lock)
        {
            if (!_subscriptions.TryGetValue(id, out var found))
            {
                found = Shape("subscription");
                (found["id"], found["customer"], found["status"]) = (id, "cus_" + id, "active");
                (found["cancel_at"], found["canceled_at"], found["ended_at"], found["pause_collection"], found["cancel_at_period_end"]) = (null, null, null, null, false);
                var item = found["items"]!["data"]![0]!;
                (item["current_period_start"], item["current_period_end"]) = (from!.Value.ToUnixTimeSeconds(), from.Value.AddDays(30).ToUnixTimeSeconds());
                if (tenant is not null)
                    found["metadata"] = new JsonObject { ["tenant"] = tenant };
                _subscriptions[id] = found;
            }
            change(found);
            return found.DeepClone().AsObject();
        }
    }

    public void Remove(string id)
    {
        lock (_lock)
            _subscriptions.Remove(id);
    }

    public static void Price(JsonObject subscription, string price) => subscription["items"]!["data"]![0]!["price"]!["id"] = price;

    /// <summary>An event about an object, as it is now.</summary>
    public JsonObject Event(string type, JsonObject thing, JsonObject? before = null)
    {
        var made = Shape("event");
        (made["id"], made["type"]) = (string.Create(CultureInfo.InvariantCulture, $"evt_{Interlocked.Increment(ref _made)}"), type);
        made["data"] = new JsonObject { ["object"] = thing };
        if (before is not null)
            made["data"]!["previous_attributes"] = before;
        return made;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var (asked, query) = ($"{context.Request.Method} {context.Request.Path}", context.Request.Query);
        var form = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync()).ToDictionary(pair => pair.Key, pair => pair.Value.ToString()) : [];
        lock (_lock)
            Requests.Add((asked, form));
        if (Broken is { } status)
            await WriteAsync(context, status, new JsonObject { ["error"] = new JsonObject { ["type"] = "api_error" } });
        else if (context.Request.Headers.Authorization != "Bearer " + Key || context.Request.Headers["Stripe-Version"].Count != 1)
            await WriteAsync(context, 401, new JsonObject { ["error"] = new JsonObject { ["type"] = "invalid_request_error" } });
        else if (asked == "POST /v1/checkout/sessions")
            await WriteAsync(context, 200, Page("checkout.session", "https://checkout.stripe.com/c/pay/cs_test_1"));
        else if (asked == "POST /v1/billing_portal/sessions")
            await WriteAsync(context, 200, Page("billing_portal.session", "https://billing.stripe.com/p/session/test_1"));
        else if (asked == "GET /v1/subscriptions")
            await WriteAsync(context, 200, Listed(query["starting_after"].ToString(), int.Parse(query["limit"].ToString(), CultureInfo.InvariantCulture)));
        else if (asked.StartsWith("GET /v1/subscriptions/", StringComparison.Ordinal) && Find(asked["GET /v1/subscriptions/".Length..]) is { } found)
        {
            if (Between is { } between)
            {
                Between = null;
                await between();
            }
            await WriteAsync(context, 200, found);
        }
        else
            await WriteAsync(context, 404, new JsonObject { ["error"] = new JsonObject { ["code"] = "resource_missing", ["type"] = "invalid_request_error" } });
    }

    private JsonObject Page(string kind, string url)
    {
        var page = Shape(kind);
        page["url"] = url;
        return page;
    }

    private JsonObject? Find(string id)
    {
        lock (_lock)
            return _subscriptions.GetValueOrDefault(id)?.DeepClone().AsObject();
    }

    private JsonObject Listed(string after, int limit)
    {
        lock (_lock)
        {
            var rest = _subscriptions.Values.OrderBy(one => (string)one["id"]!, StringComparer.Ordinal).Where(one => string.CompareOrdinal((string)one["id"]!, after) > 0).ToList();
            return new() { ["object"] = "list", ["has_more"] = rest.Count > limit, ["data"] = new JsonArray([.. rest.Take(limit).Select(one => one.DeepClone())]) };
        }
    }

    private static Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, "application/json");
        return context.Response.WriteAsync(body.ToJsonString());
    }
}
