using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Security;
using ReplyMint.Tests.Api;
using ReplyMint.Tests.Storage;

namespace ReplyMint.Tests.Billing;

/// <summary>The product with Stripe beside it: two plans that are sold, and a webhook with two secrets.</summary>
internal sealed class StripeHost : IAsyncDisposable
{
    public const string Secret = "whsec_c3VwZXJzZWNyZXRzaWduaW5na2V5MQ";
    public const string Previous = "whsec_dGhlb25ldGhhdHdhc2JlZm9yZWl0Mg";
    public const string Starter = "price_starter_eur";
    public const string Growth = "price_growth_eur";

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new();

    private StripeHost(StripeDouble stripe) => Stripe = stripe;

    public StripeDouble Stripe { get; }
    public ApiHost Api { get; private set; } = null!;
    public string Tenant => Api.Tenant;
    public DateTimeOffset Now => Api.Product.Time.GetUtcNow();

    public static async Task<StripeHost> StartAsync()
    {
        var host = new StripeHost(await StripeDouble.StartAsync());
        host.Api = await ApiHost.StartAsync(settings: settings => settings with { Billing = Settings(host.Stripe, host._folder) });
        host.Api.Add("operator", Role.Operator);
        return host;
    }

    public static BillingSettings Settings(StripeDouble stripe, TemporaryFolder secrets) => new()
    {
        Plans =
        [
            new PlanSettings { Name = "trial", Replies = 10, Days = 14 },
            new PlanSettings { Name = "starter", Replies = 200, Prices = [new PriceSettings { Currency = "eur", Amount = 900, Stripe = Starter }] },
            new PlanSettings { Name = "growth", Replies = 1_000, Prices = [new PriceSettings { Currency = "eur", Amount = 2_900, Stripe = Growth }] },
        ],
        Stripe = new StripeSettings
        {
            ApiKey = Write(secrets, "key", StripeDouble.Key), WebhookSecret = Write(secrets, "secret", Secret), PreviousWebhookSecret = Write(secrets, "previous", Previous),
            ReturnUrl = "https://app.replymint.example/billing", Endpoint = stripe.Endpoint,
        },
    };

    public async Task<int> PostAsync(string body, string? signature)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Api.Product.Http, "/webhooks/stripe")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (signature is not null)
            request.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        using var answer = await _http.SendAsync(request);
        return (int)answer.StatusCode;
    }

    public Task<int> TellAsync(JsonObject happened)
    {
        var body = happened.ToJsonString();
        return PostAsync(body, $"t={Seconds(Now)},v1={Sign(Secret, Now, body)}");
    }

    /// <summary>Changes a subscription at Stripe, which tells of it.</summary>
    public Task<int> ChangeAsync(string id, Action<JsonObject> change, string? tenant = null) =>
        TellAsync(Stripe.Event("customer.subscription.updated", Stripe.Set(id, change, tenant ?? Tenant, Now.AddDays(-1))));

    public async Task<PlanAnswer> PlanAsync(string? tenant = null) => (await Api.Product.Get<PlanDesk>().ShowAsync(tenant ?? Tenant, default))!;

    public async Task<IReadOnlyList<string>> AlertsAsync() => [.. (await Api.Product.Get<Alerts>().NewestAsync(50, default)).Select(alert => alert.Kind).Where(kind => kind.StartsWith("stripe", StringComparison.Ordinal))];

    public static string Seconds(DateTimeOffset at) => at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    public static string Sign(string secret, DateTimeOffset at, string body) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{Seconds(at)}.{body}")));

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Api.DisposeAsync();
        await Stripe.DisposeAsync();
        _folder.Dispose();
    }

    private static string Write(TemporaryFolder folder, string name, string secret)
    {
        var file = Path.Combine(folder.Path, name);
        File.WriteAllText(file, secret);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return "file:" + file;
    }
}
