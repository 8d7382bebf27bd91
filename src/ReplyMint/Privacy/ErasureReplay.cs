using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>How a replay went.</summary>
/// <param name="Lines">Lines of the erasure ledger that were looked at.</param>
/// <param name="Refused">Documents that are no lines of this installation's.</param>
/// <param name="Again">Erasures that had something to remove again.</param>
/// <param name="Wishes">Addresses that lines of the ledger of wishes speak of.</param>
/// <param name="Withdrawn">Of these, whom the restored store would have answered.</param>
/// <param name="Elsewhere">Whether anything but this store's own lines was read.</param>
/// <param name="Strange">Numbers of the places of audit.anchors that hold nothing of this installation's.</param>
/// <param name="Silent">Which of them could not be asked for it; null: each could.</param>
internal sealed record ReplayResult(int Lines, int Refused, int Again, int Wishes, int Withdrawn, bool Elsewhere, IReadOnlyList<int> Strange, string? Silent);

/// <summary>
/// Holds a restored store to the ledgers of erasures and wishes: what a backup brought back is removed again, by this store's own lines
/// and by those that lie off the machine, and who wanted no automatic answers after it gets none. Then, and only then, the store may serve.
/// </summary>
internal sealed class ErasureReplay(IStore store, KeyRing keys, ErasureLedger ledger, ErasureBeginning beginning, ErasureWork work, MailRemoval mails, TenantRemoval tenants, Users users, WishLedger wishLedger, Consents consents, Anchors anchors, RootWatch roots, AuditLog audit)
{
    /// <param name="documents">Lines from elsewhere, such as a folder that was carried over.</param>
    /// <param name="nothingSince">A person says that nothing was erased after the backup: then the store's own lines are enough.</param>
    /// <param name="ct">Ends it; it can be done again.</param>
    /// <returns>Null when there was nothing to read but the store's own lines, which are as old as the backup, and places that are not this installation's; the mark stays.</returns>
    /// <exception cref="IOException">A place off the machine can't be read: what it holds is not known, and the mark stays.</exception>
    public async Task<ReplayResult?> ReplayAsync(IEnumerable<byte[]> documents, bool nothingSince, CancellationToken ct)
    {
        var (lines, genuine, refused, again) = (new SortedDictionary<string, ErasureLine>(StringComparer.Ordinal), 0, 0, 0);
        var (wishes, withdrawn) = (new LastWishes(), new HashSet<(string Tenant, string Hash)>());
        await foreach (var line in ledger.ReadAsync(ct))
            lines[line.Id] = line;
        foreach (var document in documents)
            await TakeAsync(document);
        if (anchors.Readable)
            foreach (var prefix in (string[])[ErasureLedger.AnchorPrefix, WishLedger.AnchorPrefix])
                await foreach (var document in anchors.ReadAsync(prefix, ct))
                    await TakeAsync(document.Bytes);
        // A place that is empty is the sign of a wrong path, or of a disk that is not there: that it names no erasure says nothing.
        await roots.LookAsync(ct);
        // One that has no lines for us and does not say whether it has a root of ours may be such a place, too.
        var seen = await roots.SeenAsync(KeyRing.Installation, ct);
        var elsewhere = genuine > 0 || seen.Holding.Count > 0;
        if (!elsewhere && !nothingSince)
        {
            if (seen is { Ours: not null, Silent: { } unknown })
                throw new IOException(unknown);
            return null;
        }
        foreach (var line in lines.Values)
            if (await AgainAsync(line, ct))
                again++;
        foreach (var line in lines.Values)
            if (line.Kind == ErasureKind.Correspondent)
                wishes.Erase(line.Tenant, line.Subject, line.At);
        foreach (var wish in wishes.OfAddresses)
            if (await consents.SuppressAgainAsync(wish, ct))
                withdrawn.Add((wish.Tenant, wish.Hash));
        foreach (var (person, wish) in wishes.OfPeople)
            if (await consents.WithdrawAgainAsync(wish, person, ct))
                withdrawn.Add((wish.Tenant, wish.Hash));
        await store.RetryAsync(async (commit, token) =>
        {
            commit.Delete(RestoredMark.Key);
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(Actor.Machine, "erasure.replayed", KeyRing.Installation,
                new Dictionary<string, string> { ["lines"] = Text(lines.Count), ["again"] = Text(again), ["withdrawn"] = Text(withdrawn.Count), ["refused"] = Text(refused), ["elsewhere"] = elsewhere ? "read" : "none" }), token);
            return true;
        }, ct);
        return new(lines.Count, refused, again, wishes.OfAddresses.Count, withdrawn.Count, elsewhere, seen.Strange, seen.Ours is null ? null : seen.Silent);

        async Task TakeAsync(byte[] document)
        {
            if (await ledger.OpenAsync(document, ct) is { } line)
            {
                if (lines.TryAdd(line.Id, line))
                    await ledger.KeepAsync(line, ct);
            }
            else if (await wishLedger.OpenAsync(document, ct) is { } wish)
            {
                wishes.Take(wish);
            }
            else
            {
                refused++;
                return;
            }
            genuine++;
        }
    }

    /// <summary>Erases again what a line names, if any of it is there.</summary>
    private async Task<bool> AgainAsync(ErasureLine line, CancellationToken ct)
    {
        if (!await IsThereAsync(line, ct))
            return false;
        var begun = await store.RetryAsync(async (commit, token) =>
        {
            var erasure = new Erasure { Id = line.Id, Kind = line.Kind, Tenant = line.Tenant, Subject = line.Subject, By = Actor.System.Id, At = line.At, Replay = true };
            var before = await store.GetAsync(Erasures.KeyOf(erasure.Home, erasure.Id), token);
            // An erasure that this store has itself keeps what it says of who asked, and its certificate.
            if (before is not null && Erasures.Read(before) is var known)
                erasure = known with { Replay = known.State == ErasureState.Done, Cursor = null };
            var own = await keys.RequireAsync(erasure.Home, token);
            Erasure now;
            if (line.Kind == ErasureKind.Correspondent && !await IsOldKeyAsync(line, token))
                now = erasure with { State = ErasureState.Running, Step = ErasureStep.Jobs, ErasedAt = line.At };
            else
                (_, now) = await beginning.AddAsync(commit, erasure, Actor.System, token);
            // One that was running or held goes on with the address that it searches for.
            var secret = await SecretAsync(line, token) ?? (before is { Sealed.IsEmpty: false } ? JsonSerializer.Deserialize(own.Open(before), PrivacyJson.Default.ErasureSecret) : null);
            Erasures.Write(commit, own, now, secret, before);
            return now;
        }, ct);
        await beginning.BegunAsync(begun, ct);
        while (await work.RunAsync(begun.Home, begun.Id, ct) is { Progress: not Progress.Done })
        {
            // Each look does the next piece.
        }
        return true;
    }

    private async Task<bool> IsThereAsync(ErasureLine line, CancellationToken ct)
    {
        switch (line.Kind)
        {
            case ErasureKind.Correspondent:
                return await keys.TenantAsync(line.Tenant, ct) is not null && (await IsOldKeyAsync(line, ct) || (await mails.OfAsync(line.Tenant, line.Subject, ct)).Count > 0);
            case ErasureKind.Mail:
                return await store.GetAsync(Messages.KeyOf(line.Tenant, line.Subject), ct) is not null;
            case ErasureKind.User:
                return await store.GetAsync(Users.KeyOf(line.Subject), ct) is not null;
            default:
                // One that was imported again after its erasure has keys of after it.
                return await tenants.IsThereAsync(line.Tenant, ct) && (await keys.RecordAsync(line.Tenant, ct))?.Value.Keys.All(key => key.MadeAt > line.At) != true;
        }
    }

    /// <summary>Whether the key is the one that was destroyed, and not that of a later life of the same address.</summary>
    private async Task<bool> IsOldKeyAsync(ErasureLine line, CancellationToken ct)
    {
        keys.Forget(line.Tenant, line.Subject);
        return line.Key is not null && await keys.TenantAsync(line.Tenant, ct) is { } own && await keys.FindPersonAsync(own, line.Subject, ct) is { } key && key.Fingerprint(own) == line.Key;
    }

    /// <summary>A user's address, which only the restored account tells.</summary>
    private async Task<ErasureSecret?> SecretAsync(ErasureLine line, CancellationToken ct) =>
        line.Kind == ErasureKind.User && await users.FindAsync(line.Subject, ct) is { } user ? new(user.Address) : null;

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
