using System.Text.Json.Serialization;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Replies;

internal enum Thumb { Up, Down }

/// <summary>What was wrong with an answer.</summary>
[JsonConverter(typeof(WireEnum<ThumbReason>))]
internal enum ThumbReason { Wrong, Incomplete, OffTopic, Tone, Language, Length, NeedsPerson }

/// <summary>What somebody thinks of an answer. It lies in the answer's receipt, and goes with it.</summary>
/// <param name="By">A user's or key's id.</param>
/// <param name="At">When he first said so; the day that it counts for.</param>
internal sealed record GivenThumb(string By, [property: JsonConverter(typeof(WireEnum<Thumb>))] Thumb Thumb, IReadOnlyList<ThumbReason> Reasons, DateTimeOffset At);

internal enum ThumbOutcome { Done, NotFound, NotAnswered, TooMany }

/// <summary>Takes thumbs on answers: one of each person for each answer, which he may change or take back.</summary>
internal sealed class Thumbs(IStore store, Messages messages, Receipts receipts, AuditLog audit, TimeProvider time)
{
    public const int MostOfAnswer = 50;

    /// <param name="thumb">Null takes back what he said.</param>
    /// <param name="reasons">Of a thumb down.</param>
    public Task<ThumbOutcome> GiveAsync(string tenant, string id, Thumb? thumb, IReadOnlyCollection<ThumbReason> reasons, Actor actor, CancellationToken ct) =>
        store.RetryAsync(async (commit, token) =>
        {
            if (await messages.FindAsync(tenant, id, token) is not { } message)
                return ThumbOutcome.NotFound;
            if (message.Record.State != MessageState.Answered)
                return ThumbOutcome.NotAnswered;
            if (await messages.PersonAsync(tenant, message.Record.Person, token) is not { } person || await receipts.FindAsync(tenant, id, message.Record.Person, token) is not ({ } receipt, { } item))
                return ThumbOutcome.NotFound;
            var before = receipt.Thumbs.FirstOrDefault(given => given.By == actor.Id);
            var others = receipt.Thumbs.Where(given => given.By != actor.Id).ToList();
            if (before is null && (thumb is null || others.Count >= MostOfAnswer))
                return thumb is null ? ThumbOutcome.Done : ThumbOutcome.TooMany;
            var now = thumb is { } given ? new GivenThumb(actor.Id, given, [.. reasons.Distinct().Order()], before?.At ?? time.GetUtcNow()) : null;
            if (before is not null && now is not null && before.Thumb == now.Thumb && before.Reasons.SequenceEqual(now.Reasons))
                return ThumbOutcome.Done;
            Receipts.Change(commit, person, receipt with { Thumbs = now is null ? others : [.. others, now] }, item);
            if (before?.Thumb != now?.Thumb)
            {
                Count(commit, message, before, -1);
                Count(commit, message, now, 1);
            }
            foreach (var reason in Enum.GetValues<ThumbReason>())
                if ((now?.Reasons.Contains(reason) == true ? 1 : 0) - (before?.Reasons.Contains(reason) == true ? 1 : 0) is var by and not 0)
                    Quality.Add(commit, tenant, message.Record.Mailbox, (now ?? before)!.At, Quality.Why + WireWord.Of(reason), by);
            await audit.AppendAsync(commit, tenant, new AuditEntry(actor, "answer.thumb", id, new Dictionary<string, string>
            {
                ["thumb"] = now is null ? "none" : WireWord.Of(now.Thumb), ["reasons"] = string.Join(",", now?.Reasons.Select(WireWord.Of) ?? []),
            }), token);
            return ThumbOutcome.Done;
        }, ct);

    private static void Count(Commit commit, Message message, GivenThumb? thumb, int by)
    {
        if (thumb is not null)
            Quality.Add(commit, message.Tenant, message.Record.Mailbox, thumb.At, thumb.Thumb == Thumb.Up ? Quality.Up : Quality.Down, by);
    }
}
