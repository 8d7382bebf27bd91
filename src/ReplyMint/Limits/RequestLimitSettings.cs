namespace ReplyMint.Limits;

/// <summary>How much may be asked. Over it: 429 with Retry-After. What concerns a network counts each IPv4 address, and each /64 of IPv6.</summary>
internal sealed record RequestLimitSettings
{
    /// <summary>Reads of one person or key.</summary>
    public RequestRate Read { get; set; } = new() { PerMinute = 1_200, Burst = 300 };

    /// <summary>Changes by one person or key.</summary>
    public RequestRate Write { get; set; } = new() { PerMinute = 300, Burst = 100 };

    /// <summary>What costs much (mails handed in, uploads, questions to a model), by one person or key.</summary>
    public RequestRate Costly { get; set; } = new() { PerMinute = 60, Burst = 30 };

    /// <summary>How many times as much all people and keys of one tenant may ask together. 1 to 1,000.</summary>
    public int TenantTimes { get; set; } = 5;

    /// <summary>Signing in and refreshing, from one network.</summary>
    public RequestRate SignIn { get; set; } = new() { PerMinute = 30, Burst = 30 };

    /// <summary>Providers' webhooks, from one network.</summary>
    public RequestRate Webhooks { get; set; } = new() { PerMinute = 12_000, Burst = 2_000 };

    /// <summary>What needs no caller (health, the API's description), and what is not there at all, from one network.</summary>
    public RequestRate Public { get; set; } = new() { PerMinute = 6_000, Burst = 1_000 };

    /// <summary>Requests that need a caller and prove none (401), from one network.</summary>
    public RequestRate Unproved { get; set; } = new() { PerMinute = 60, Burst = 60 };

    /// <summary>Failed sign-ins, codes, tokens and keys from one network.</summary>
    public RequestRate FailedFromNetwork { get; set; } = new() { PerMinute = 10, Burst = 30 };

    /// <summary>Failed sign-ins, codes and keys of one account from one network. Other networks are not concerned: nobody is locked out of his account.</summary>
    public RequestRate FailedForAccount { get; set; } = new() { PerMinute = 1, Burst = 5 };

    public IEnumerable<string> Problems()
    {
        if (TenantTimes is < 1 or > 1_000)
            yield return $"requests.tenantTimes is {TenantTimes}; allowed are whole numbers from 1 to 1000.";
        (string Name, RequestRate Rate)[] all =
        [
            ("read", Read), ("write", Write), ("costly", Costly), ("signIn", SignIn), ("webhooks", Webhooks), ("public", Public),
            ("unproved", Unproved), ("failedFromNetwork", FailedFromNetwork), ("failedForAccount", FailedForAccount),
        ];
        foreach (var (name, rate) in all)
            foreach (var problem in rate.Problems())
                yield return $"requests.{name}.{problem}";
    }
}

/// <summary>A rate as a token bucket: so many at once, then so many a minute.</summary>
internal sealed record RequestRate
{
    /// <summary>How many come back each minute. 1 to 10,000,000.</summary>
    public int PerMinute { get; set; } = 60;

    /// <summary>How many at once. 1 to 10,000,000.</summary>
    public int Burst { get; set; } = 60;

    public IEnumerable<string> Problems()
    {
        if (PerMinute is < 1 or > 10_000_000)
            yield return $"perMinute is {PerMinute}; allowed are whole numbers from 1 to 10000000.";
        if (Burst is < 1 or > 10_000_000)
            yield return $"burst is {Burst}; allowed are whole numbers from 1 to 10000000.";
    }
}
