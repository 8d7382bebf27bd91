using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Inbound;

/// <summary>What the server says of a mail before it is fetched.</summary>
internal readonly record struct ImapSummary(UniqueId Uid, DateTimeOffset? Received, long Size);

/// <summary>A signed-in connection to one account: the few things that we ask of a server, each bounded in time and octets.</summary>
internal sealed class ImapSession(ImapClient client, MeteredStream stream, Channel channel, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan ForACommand = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ForAMail = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(30);

    private readonly long _since = time.GetTimestamp();
    private IMailFolder? _folder;
    private int _count;

    public Channel Channel => channel;
    public ImapAccount Account => channel.Imap!;
    public ImapClient Client => client;

    /// <summary>The folder where mail comes in, open for reading and for flags.</summary>
    public IMailFolder Folder => _folder ?? throw new InvalidOperationException("The folder is opened first.");

    /// <summary>Whether the server tells of new mail by itself.</summary>
    public bool CanIdle => client.Capabilities.HasFlag(ImapCapabilities.Idle);

    /// <summary>Whether another connection should take its place: access tokens end, and what a server forgets to tell does not stay forgotten.</summary>
    public bool IsOld => time.GetElapsedTime(_since) > Longest;

    /// <summary>The version of the folder's numbers, and what was their next one when it was opened; 0 when it is not known.</summary>
    public Task<(uint Validity, uint Next)> OpenAsync(CancellationToken ct) => WithinAsync(ForACommand, 0, async token =>
    {
        if (_folder is { IsOpen: true } open)
            await client.NoOpAsync(token);
        else
        {
            open = Account.Folder.Equals(ImapAccount.UsualFolder, StringComparison.OrdinalIgnoreCase) ? client.Inbox! : await client.GetFolderAsync(Account.Folder, token);
            await open.OpenAsync(FolderAccess.ReadWrite, token);
            _folder = open;
        }
        return (open.UidValidity, open.UidNext?.Id ?? 0);
    }, ct);

    /// <summary>Waits until the server tells that something changed since the folder was searched, or the time is over.</summary>
    public async Task IdleAsync(TimeSpan most, CancellationToken ct)
    {
        using var done = new CancellationTokenSource(most, time);
        void Changed(object? sender, EventArgs e) => done.Cancel();
        Folder.CountChanged += Changed;
        try
        {
            stream.Allow(0);
            // It may have told already, along with another answer.
            if (Folder.Count == _count)
                await client.IdleAsync(done.Token, ct);
        }
        finally
        {
            Folder.CountChanged -= Changed;
        }
    }

    /// <summary>Numbers behind the last one, the lowest first.</summary>
    /// <param name="after">0 is all, of the named day and later.</param>
    public Task<IReadOnlyList<UniqueId>> NewAsync(IMailFolder folder, uint after, DateTimeOffset since, CancellationToken ct) => WithinAsync<IReadOnlyList<UniqueId>>(ForACommand, 0, async token =>
    {
        // Nothing can come behind the last number that there is; the server has to begin anew, with another validity.
        if (after == uint.MaxValue)
            return [];
        // What is there more from here on may not be in the answer.
        if (folder == _folder)
            _count = folder.Count;
        var behind = SearchQuery.Uids(new UniqueIdRange(new UniqueId(after + 1), UniqueId.MaxValue));
        // By days, in whatever zone the server counts them; the exact moment is asked of each mail.
        var found = await folder.SearchAsync(after == 0 ? SearchQuery.DeliveredAfter(since.UtcDateTime.Date.AddDays(-2)) : behind, token);
        // "n:*" names the last mail even when it is below n (RFC 3501 6.4.8).
        return [.. found.Where(uid => uid.Id > after).Order()];
    }, ct);

    public Task<IReadOnlyList<ImapSummary>> LookAsync(IMailFolder folder, IReadOnlyList<UniqueId> uids, CancellationToken ct) => WithinAsync<IReadOnlyList<ImapSummary>>(ForACommand, 0, async token =>
        [.. (await folder.FetchAsync([.. uids], new FetchRequest(MessageSummaryItems.UniqueId | MessageSummaryItems.InternalDate | MessageSummaryItems.Size), token))
            .Select(found => new ImapSummary(found.UniqueId, found.InternalDate, found.Size ?? 0)).OrderBy(found => found.Uid)], ct);

    /// <summary>A mail's octets, read without setting a flag; null when it has gone meanwhile, or is larger than was said.</summary>
    public Task<byte[]?> FetchAsync(IMailFolder folder, UniqueId uid, long size, CancellationToken ct) => WithinAsync(ForAMail, size, async token =>
    {
        try
        {
            // One more than was said shows whether that was true.
            await using var mail = await folder.GetStreamAsync(uid, 0, (int)size + 1, token);
            if (mail.Length == 0 || mail.Length > size)
                return null;
            var bytes = GC.AllocateUninitializedArray<byte>((int)mail.Length);
            await mail.ReadExactlyAsync(bytes, token);
            return bytes;
        }
        catch (MessageNotFoundException)
        {
            return null;
        }
    }, ct);

    /// <summary>The folder of sent mail, open instead of the one where mail comes in; null when there is none.</summary>
    public Task<IMailFolder?> OpenSentAsync(CancellationToken ct) => WithinAsync(ForACommand, 0, async token =>
    {
        if (await ImapFolders.FindAsync(client, SpecialFolder.Sent, token) is not { } sent || sent == _folder)
            return null;
        await sent.OpenAsync(FolderAccess.ReadOnly, token);
        return sent;
    }, ct);

    /// <summary>The first octets of a mail.</summary>
    public Task<byte[]?> HeadAsync(IMailFolder folder, UniqueId uid, int octets, CancellationToken ct) => WithinAsync(ForAMail, octets, async token =>
    {
        try
        {
            await using var head = await folder.GetStreamAsync(uid, 0, octets, token);
            using var bytes = new MemoryStream();
            await head.CopyToAsync(bytes, token);
            return bytes.ToArray();
        }
        catch (MessageNotFoundException)
        {
            return null;
        }
    }, ct);

    /// <summary>Puts a draft into the account's own folder, unless it lies there already. False when there is no such folder.</summary>
    public Task<bool> DraftAsync(ReadOnlyMemory<byte> mail, string messageId, CancellationToken ct) => WithinAsync(ForAMail, 0, async token =>
    {
        if (await ImapFolders.FindAsync(client, SpecialFolder.Drafts, token) is not { } drafts)
            return false;
        await drafts.OpenAsync(FolderAccess.ReadOnly, token);
        // A crash behind the last time must not leave two.
        if ((await drafts.SearchAsync(SearchQuery.HeaderContains("Message-Id", messageId), token)).Count > 0)
            return true;
        using var bytes = new MemoryStream(mail.ToArray(), false);
        using var message = await MimeKit.MimeMessage.LoadAsync(bytes, token);
        await drafts.AppendAsync(new AppendRequest(message, MessageFlags.Draft | MessageFlags.Seen), token);
        return true;
    }, ct);

    public Task<bool> FlagAsync(UniqueId uid, MessageFlags flags, CancellationToken ct) => WithinAsync(ForACommand, 0, async token =>
    {
        await Folder.StoreAsync([uid], new StoreFlagsRequest(StoreAction.Add, flags) { Silent = true }, token);
        return true;
    }, ct);

    /// <summary>Does a piece of work of one's own with the client, bounded as all is.</summary>
    public async Task<T> WithinAsync<T>(TimeSpan most, long octets, Func<CancellationToken, Task<T>> work, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        stream.Allow(octets);
        try
        {
            return await work(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    public void Dispose()
    {
        client.Dispose();
        stream.Dispose();
    }
}
