using System.Globalization;

namespace ReplyMint.Audit;

/// <summary>Follows one chain from its first entry to its head, one entry in memory at a time, and says what is wrong where.</summary>
/// <param name="chain">Its id.</param>
/// <param name="checkpoint">What allows it to start late; null: it has to start with 1.</param>
/// <param name="from">Follows it from this entry on only; 0: from its beginning.</param>
/// <param name="report">Told of each fault.</param>
internal sealed class ChainWalk(string chain, CheckpointStatement? checkpoint, long from, Action<AuditFinding> report)
{
    // Null while nothing is known of the entry before, after a fault that was told.
    private string? _previous = from > 0 ? null : checkpoint?.Hash ?? AuditRecord.Start;
    private bool _begun = from > 0;

    public long First { get; private set; } = from;

    public long Last { get; private set; } = from > 0 ? from - 1 : 0;

    /// <param name="place">The number that the item's key says.</param>
    /// <param name="value">The stored bytes.</param>
    public void Next(long place, ReadOnlySpan<byte> value)
    {
        Begin(place);
        var record = AuditRecord.Genuine(value);
        if (record is null)
            Report(AuditFault.Changed, place, "its content does not fit its hash");
        else if (record.Sequence != place)
            Report(AuditFault.Reordered, place, string.Create(CultureInfo.InvariantCulture, $"entry {record.Sequence} lies in its place"));
        else if (_previous is not null && record.Previous != _previous)
            Report(AuditFault.Changed, place, "it does not follow from the entry before: one of the two was written anew");
        else if (checkpoint is not null && place == checkpoint.Sequence && record.Hash != checkpoint.Hash)
            Report(AuditFault.Changed, place, "it is not the entry that the checkpoint names");
        _previous = record?.Sequence == place ? record.Hash : null;
        Last = place;
    }

    /// <summary>No entry follows.</summary>
    /// <param name="before">The head as it was before the first entry was read.</param>
    /// <param name="after">The same as it is now: entries may have come meanwhile.</param>
    public void End(AuditHead? before, AuditHead? after)
    {
        // Nothing was ever done here; and if there was, a root says so.
        if (after is null && Last == 0 && checkpoint is null)
            return;
        var last = Last > 0 ? Last : checkpoint?.Sequence ?? 0;
        if (after is null)
            Report(AuditFault.HeadAltered, last, "it is not there");
        else if (before?.Sequence > last)
            Report(AuditFault.CutOff, last + 1, string.Create(CultureInfo.InvariantCulture, $"the head says that there are {before.Sequence} entries, the last one is {last}"));
        else if (after.Sequence < last || (after.Sequence == last && _previous is not null && after.Hash != _previous))
            Report(AuditFault.HeadAltered, last, "it does not name the last entry");
    }

    private void Begin(long place)
    {
        var expected = Last + 1;
        if (!_begun)
        {
            _begun = true;
            First = place;
            // While old entries are being removed, some before the checkpoint may still be there.
            expected = place <= (checkpoint?.Sequence ?? 0) ? place : (checkpoint?.Sequence ?? 0) + 1;
            if (place <= (checkpoint?.Sequence ?? 0) && place > 1)
                _previous = null;
            else if (place == 1)
                _previous = AuditRecord.Start;
        }
        if (place == expected)
            return;
        Report(AuditFault.Missing, expected, string.Create(CultureInfo.InvariantCulture,
            $"entries {expected} to {place - 1} are not there{(Last == 0 && checkpoint is null ? ", and no signed checkpoint allows the chain to start later" : "")}"));
        _previous = null;
    }

    private void Report(AuditFault fault, long entry, string says) => report(new(fault, chain, entry, says));
}
