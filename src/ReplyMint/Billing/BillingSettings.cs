using ReplyMint.Security;

namespace ReplyMint.Billing;

/// <summary>Plans that tenants can have. Nobody has one, and nobody a quota, until the operator or a subscription gives him one.</summary>
internal sealed record BillingSettings
{
    private const int MostPlans = 20;

    /// <summary>What there is to have, at most 20.</summary>
    public IReadOnlyList<PlanSettings> Plans { get; init; } =
    [
        new() { Name = "trial", Replies = 100, Days = 14 },
        new() { Name = "starter", Replies = 200, Prices = [new() { Currency = "eur", Amount = 900 }] },
        new() { Name = "growth", Replies = 1_000, Prices = [new() { Currency = "eur", Amount = 2_900 }] },
        new() { Name = "scale", Replies = 3_000, Prices = [new() { Currency = "eur", Amount = 7_900 }] },
    ];

    /// <summary>The plan that each new tenant begins with; empty is none, and no quota.</summary>
    public string FirstPlan { get; init; } = "";

    /// <summary>Days for which replies go on while a payment is overdue, or Stripe tells nothing of the next period. 0 to 60.</summary>
    public int GraceDays { get; init; } = 7;

    /// <summary>Payments by Stripe; without a key the operator sets plans.</summary>
    public StripeSettings Stripe { get; init; } = new();

    public PlanSettings? Find(string name) => Plans.FirstOrDefault(plan => plan.Name == name);

    /// <summary>The plan that a price of Stripe's pays for.</summary>
    public PlanSettings? OfPrice(string price) => price.Length == 0 ? null : Plans.FirstOrDefault(plan => plan.Prices.Any(one => one.Stripe == price));

    public IEnumerable<string> Problems()
    {
        if (Plans.Count > MostPlans)
            yield return $"billing.plans: at most {MostPlans}.";
        var names = new HashSet<string>(StringComparer.Ordinal);
        var prices = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Plans.Count; i++)
            foreach (var problem in Plans[i].Problems($"billing.plans[{i}]", names, prices))
                yield return problem;
        if (FirstPlan.Length > 0 && Find(FirstPlan) is null)
            yield return "billing.firstPlan is none of billing.plans.";
        if (GraceDays is < 0 or > 60)
            yield return $"billing.graceDays is {GraceDays}; allowed are 0 to 60.";
        foreach (var problem in Stripe.Problems())
            yield return problem;
    }
}

/// <summary>One plan.</summary>
internal sealed record PlanSettings
{
    /// <summary>How it is called: 1 to 32 of a-z, 0-9 and '-'.</summary>
    public string Name { get; set; } = "";

    /// <summary>Replies in a period: the subscription's, else the calendar month in UTC. 0 to 100,000,000.</summary>
    public long Replies { get; set; }

    /// <summary>It ends by itself after so many days; 0 is never.</summary>
    public int Days { get; set; }

    /// <summary>What it costs, at most 20; empty: it can't be bought.</summary>
    public IReadOnlyList<PriceSettings> Prices { get; set; } = [];

    public static bool IsName(string name) => name.Length is > 0 and <= 32 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    public IEnumerable<string> Problems(string at, HashSet<string> names, HashSet<string> prices)
    {
        if (!IsName(Name))
            yield return $"{at}.name has 1 to 32 of a-z, 0-9 and '-'.";
        else if (!names.Add(Name))
            yield return $"{at}.name: there is a plan {Name} already.";
        if (Replies is < 0 or > 100_000_000)
            yield return $"{at}.replies is {Replies}; allowed are 0 to 100000000.";
        if (Days is < 0 or > 365)
            yield return $"{at}.days is {Days}; allowed are 0 to 365.";
        if (Prices.Count > 20)
            yield return $"{at}.prices: at most 20.";
        for (var i = 0; i < Prices.Count; i++)
            foreach (var problem in Prices[i].Problems($"{at}.prices[{i}]", prices))
                yield return problem;
    }
}

/// <summary>What a plan costs in one currency.</summary>
internal sealed record PriceSettings
{
    /// <summary>By ISO 4217, in small letters, such as eur.</summary>
    public string Currency { get; set; } = "";

    /// <summary>In the currency's smallest unit, such as cents.</summary>
    public long Amount { get; set; }

    /// <summary>The id of Stripe's price, such as price_1PgafmB7WZ01zgkW6dKueIc5; empty: it is not sold by Stripe.</summary>
    public string Stripe { get; set; } = "";

    public IEnumerable<string> Problems(string at, HashSet<string> prices)
    {
        if (Currency.Length != 3 || !Currency.All(char.IsAsciiLetterLower))
            yield return $"{at}.currency has three small letters, such as eur.";
        if (Amount is < 0 or > 1_000_000_000)
            yield return $"{at}.amount is {Amount}; allowed are 0 to 1000000000.";
        if (Stripe.Length > 0 && !StripeSettings.IsId(Stripe))
            yield return $"{at}.stripe is no id of Stripe's.";
        else if (Stripe.Length > 0 && !prices.Add(Stripe))
            yield return $"{at}.stripe stands twice: a price pays for one plan.";
    }
}

/// <summary>Payments by Stripe.</summary>
internal sealed record StripeSettings
{
    /// <summary>Where the secret (better: restricted) API key lies: "file:/absolute/path", "credential:NAME", "store:NAME" or "parameter:NAME"; empty: Stripe is not used.</summary>
    public string ApiKey { get; init; } = "";

    /// <summary>Where the signing secret of the webhook endpoint lies.</summary>
    public string WebhookSecret { get; init; } = "";

    /// <summary>During a rotation, where the secret before lies; it counts as well.</summary>
    public string PreviousWebhookSecret { get; init; } = "";

    /// <summary>Where people come back to from Stripe's pages: an https address.</summary>
    public string ReturnUrl { get; init; } = "";

    /// <summary>Where Stripe's API is.</summary>
    public string Endpoint { get; init; } = "https://api.stripe.com";

    public bool IsOn => ApiKey.Length > 0;

    /// <summary>What Stripe gives out as ids goes into addresses and keys.</summary>
    public static bool IsId(string id) => id.Length is > 0 and <= 255 && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    public IEnumerable<string> Problems()
    {
        foreach (var (name, reference) in new[] { ("apiKey", ApiKey), ("webhookSecret", WebhookSecret), ("previousWebhookSecret", PreviousWebhookSecret) })
            if (reference.Length > 0 && SecretSource.Problem($"billing.stripe.{name}", reference) is { } problem)
                yield return problem;
        if (!IsOn)
        {
            if (WebhookSecret.Length > 0)
                yield return "billing.stripe.apiKey is needed with webhookSecret: what a webhook tells of is asked of Stripe itself.";
            yield break;
        }
        if (WebhookSecret.Length == 0)
            yield return "billing.stripe.webhookSecret is needed with apiKey: without it nobody could tell Stripe's events from forged ones.";
        if (!IsAddress(ReturnUrl))
            yield return "billing.stripe.returnUrl has to be an https address.";
        if (!IsAddress(Endpoint))
            yield return "billing.stripe.endpoint has to be an https address.";
    }

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { UserInfo: "", Fragment: "", Query: "" } && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));
}
