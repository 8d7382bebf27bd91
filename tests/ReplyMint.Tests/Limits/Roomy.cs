using ReplyMint.Limits;

namespace ReplyMint.Tests.Limits;

internal static class Roomy
{
    /// <summary>Where a test's clock stands, buckets never fill again; tests of limits set their own.</summary>
    public static RequestLimitSettings Limits
    {
        get
        {
            var much = new RequestRate { PerMinute = 1_000_000, Burst = 1_000_000 };
            return new() { Read = much, Write = much, Costly = much, SignIn = much, Webhooks = much, Public = much, Unproved = much, FailedFromNetwork = much, FailedForAccount = much };
        }
    }
}
