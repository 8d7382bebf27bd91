using System.Net.Http.Headers;
using System.Text.Json;
using ReplyMint.Security;

namespace ReplyMint.Billing;

/// <summary>What Stripe answered.</summary>
/// <param name="Status">0: nobody did.</param>
/// <param name="Root">The body, where it is an object.</param>
internal sealed record StripeAnswer(int Status, JsonElement? Root)
{
    public bool IsGood => Status is >= 200 and < 300 && Root is not null;
}

/// <summary>Calls to Stripe. The key is read anew for each, so that a new one counts at once.</summary>
internal sealed class StripeApi(BillingSettings settings, SecretSource secrets, OutsideClients http)
{
    // The forms that the parser knows, whatever the account's own version is.
    private const string Version = "2025-03-31.basil";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    public Task<StripeAnswer> GetAsync(string path, CancellationToken ct) => SendAsync(new(HttpMethod.Get, Address(path)), ct);

    /// <param name="once">Whoever asks again with the same gets the same answer, and makes nothing twice.</param>
    public Task<StripeAnswer> PostAsync(string path, IEnumerable<KeyValuePair<string, string>> form, string once, CancellationToken ct)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Address(path)) { Content = new FormUrlEncodedContent(form) };
        request.Headers.Add("Idempotency-Key", once);
        return SendAsync(request, ct);
    }

    private async Task<StripeAnswer> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        using var _ = request;
        if (secrets.Read("billing.stripe.apiKey", settings.Stripe.ApiKey).Value is not { } key)
            return new(0, null);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("Stripe-Version", Version);
        try
        {
            using var answer = await http.Anchors.SendAsync(request, ct);
            return new((int)answer.StatusCode, Read(await answer.Content.ReadAsByteArrayAsync(ct)));
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return new(0, null);
        }
    }

    /// <summary>An object in JSON, or null.</summary>
    public static JsonElement? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private Uri Address(string path) => new(settings.Stripe.Endpoint.TrimEnd('/') + path);
}
