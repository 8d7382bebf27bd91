using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Audit;
using ReplyMint.Storage;

namespace ReplyMint.Outbound;

/// <summary>That somebody wants no automatic answers, complained of one, or took that back: keyed hashes and ids, no more.</summary>
/// <param name="Id">Begins with its time: of two lines on one address, or of one person, the later counts.</param>
/// <param name="Hash">Of the address, as its suppression is named; addresses that differ by a tag alone share it.</param>
/// <param name="Person">Who said it himself: he has withdrawn with <see cref="SuppressionReason.HumanAsked"/>, and given his consent with anything else. Null: nothing that anybody said has changed.</param>
/// <param name="Reason">Why the address is suppressed from then on; null: for nothing that lasts.</param>
/// <param name="Mac">Keyed with the installation: nobody silences a restored store by writing into an anchor's place.</param>
internal sealed record WishLine(int V, string Id, string Tenant, string Hash, string? Person, SuppressionReason? Reason, DateTimeOffset At, string? Mac);

/// <summary>
/// The ledger of wishes: a line for each, in the commit that makes it count, to the places off the machine (settings audit.anchors). A
/// store that was restored from a backup of before learns of them again, before it serves. The store itself keeps no line: its
/// suppressions are as old as its lines would be.
/// </summary>
internal sealed class WishLedger(KeyRing keys, Anchors anchors, TimeProvider time)
{
    /// <summary>Before the names of lines in the places off the machine.</summary>
    public const string AnchorPrefix = "wish/";

    /// <summary>Adds a line to the commit that makes a wish count, or no more; the places get it within a minute.</summary>
    public async Task AddAsync(Commit commit, string tenant, string hash, string? person, SuppressionReason? reason, CancellationToken ct)
    {
        if (!anchors.Configured)
            return;
        var line = await SignAsync(new WishLine(1, Ids.Timed(time), tenant, hash, person, reason, time.GetUtcNow(), null), ct);
        await anchors.AddAsync(commit, $"{AnchorPrefix}{line.Id}.json", StoredJson.Write(line, WishJson.Default.WishLine), ct);
    }

    /// <summary>A line as it was copied, or null when it is none of this installation's.</summary>
    public async Task<WishLine?> OpenAsync(ReadOnlyMemory<byte> document, CancellationToken ct)
    {
        try
        {
            return JsonSerializer.Deserialize(document.Span, WishJson.Default.WishLine) is { Mac: { } mac } line && (await SignAsync(line, ct)).Mac == mac ? line : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<WishLine> SignAsync(WishLine line, CancellationToken ct) => line with
    {
        Mac = (await keys.RequireAsync(KeyRing.Installation, ct)).Hash("wish-ledger", $"{line.V}\n{line.Id}\n{line.Tenant}\n{line.Hash}\n{line.Person}\n{line.Reason}\n{line.At.ToUnixTimeMilliseconds()}"),
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(WishLine))]
internal sealed partial class WishJson : JsonSerializerContext;
