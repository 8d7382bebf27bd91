using System.Diagnostics.Metrics;

namespace ReplyMint.Inbound;

/// <summary>What channels in count. A refused recipient leaves nothing else behind.</summary>
internal static class InboundMeter
{
    private static readonly Meter Meter = new("ReplyMint.Inbound");
    private static readonly Counter<long> Unknown = Meter.CreateCounter<long>("replymint.inbound.unknown_recipients");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("replymint.inbound.refused");

    public static void UnknownRecipient(string channel) => Unknown.Add(1, new KeyValuePair<string, object?>("channel", channel));

    /// <param name="reason">"network", "connections", "signature", "replay" and the like: a fixed word, never input.</param>
    public static void Refuse(string channel, string reason) =>
        Refused.Add(1, new KeyValuePair<string, object?>("channel", channel), new KeyValuePair<string, object?>("reason", reason));
}
