using ReplyMint.Security;

namespace ReplyMint.Tests;

/// <summary>Lists of what tenants may name, as operators write them.</summary>
internal static class Places
{
    /// <summary>A public service: any host, at the ports of HTTPS and of mail accounts.</summary>
    public const string Usual = "*:443,*:993,*:143,*:465,*:587";

    /// <summary>And this machine, in no network that is open.</summary>
    private const string Listed = Usual + ",127.0.0.1:*,localhost:*,169.254.169.254:*,no-such-host.invalid:*";

    public static OutsideSettings Public { get; } = new() { Allow = Usual.Split(',') };

    public static OutsideSettings Closed { get; } = new() { Allow = Listed.Split(',') };

    /// <summary>This machine's servers may be called.</summary>
    public static OutsideSettings Here { get; } = Closed with { Networks = ["127.0.0.0/8"] };
}
