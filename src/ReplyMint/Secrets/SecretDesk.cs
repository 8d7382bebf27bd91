using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Secrets;

/// <summary>
/// Where a person sets, reads and removes secrets. Each of it stands in the audit log, in the same commit and without the value; a reading
/// is stored before anything is shown (SEC-3).
/// </summary>
internal sealed class SecretDesk(IStore store, StoredSecrets secrets, Channels channels, AuditLog audit, TimeProvider time, ParameterDoor? parameters = null)
{
    public const string ChannelPrefix = "channel/";

    /// <summary>Stores a secret under a name of its own, or as a channel's.</summary>
    /// <param name="overlap">A channel's: how long the one before counts on.</param>
    /// <returns>What is wrong, or null when it is done.</returns>
    public async Task<string?> SetAsync(string name, string value, TimeSpan overlap, Actor actor, CancellationToken ct)
    {
        // A mail account's password is made by others, and as strong as they make it.
        if (SecretStrength.Weakness(value) is { } weakness && !await IsOfAccountAsync(name, ct))
            return $"the secret {weakness}";
        if (name.StartsWith(ChannelPrefix, StringComparison.Ordinal))
            return await SetChannelAsync(name[ChannelPrefix.Length..], value, overlap, actor, ct);
        if (name.StartsWith(SecretSource.ParameterPrefix, StringComparison.Ordinal))
            return await SetParameterAsync(name[SecretSource.ParameterPrefix.Length..], value, actor, ct);
        if (!SecretSource.IsName(name))
            return $"a secret's name has {SecretSource.NameRule}";
        await store.RetryAsync(async (commit, token) =>
        {
            var known = await secrets.SetAsync(commit, name, Encoding.UTF8.GetBytes(value), time.GetUtcNow(), token);
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, known ? "secret.change" : "secret.add", SecretSource.StorePrefix + name), token);
            return true;
        }, ct);
        await secrets.RefreshAsync(ct);
        return null;
    }

    /// <summary>A stored secret's value, once the reading is in the audit log; null when there is none of that name.</summary>
    public async Task<string?> ShowAsync(string name, Actor actor, CancellationToken ct)
    {
        if (await secrets.ReadAsync(name, ct) is not { } value)
            return null;
        await store.RetryAsync(async (commit, token) =>
        {
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "secret.show", SecretSource.StorePrefix + name), token);
            return true;
        }, ct);
        return Encoding.UTF8.GetString(value);
    }

    /// <summary>False when there is none of that name.</summary>
    public async Task<bool> RemoveAsync(string name, Actor actor, CancellationToken ct)
    {
        var removed = await store.RetryAsync(async (commit, token) =>
        {
            if (!await secrets.RemoveAsync(commit, name, token))
                return false;
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "secret.remove", SecretSource.StorePrefix + name), token);
            return true;
        }, ct);
        await secrets.RefreshAsync(ct);
        return removed;
    }

    /// <summary>Outside nothing is part of our commit, so the entry comes first: it says at least what somebody was about to do.</summary>
    private async Task<string?> SetParameterAsync(string name, string value, Actor actor, CancellationToken ct)
    {
        if (!SecretSource.IsName(name))
            return $"a parameter's name has {SecretSource.NameRule}";
        if (parameters is null)
            return "settings do not say where parameters lie (aws.parameters)";
        await store.RetryAsync(async (commit, token) =>
        {
            await audit.AppendAsync(commit, KeyRing.Installation, new AuditEntry(actor, "secret.change", SecretSource.ParameterPrefix + name), token);
            return true;
        }, ct);
        return await parameters.SetAsync(name, value, ct);
    }

    private async ValueTask<bool> IsOfAccountAsync(string name, CancellationToken ct) =>
        name.StartsWith(ChannelPrefix, StringComparison.Ordinal) && await channels.FindAsync(name[ChannelPrefix.Length..], ct) is { Account: not null };

    private async Task<string?> SetChannelAsync(string id, string value, TimeSpan overlap, Actor actor, CancellationToken ct)
    {
        if (await channels.FindAsync(id, ct) is not { } channel)
            return "there is no such channel; list them with: replymint channel list";
        if (channel.Kind == Channel.Ses)
            return "the channel has no secret: Amazon signs with a certificate";
        if (channel.Secret == value)
            return "the channel has this secret already";
        return await channels.ChangeAsync(id, before => before with { Secret = value }, overlap, actor, ct) ? null : "there is no such channel; list them with: replymint channel list";
    }
}
