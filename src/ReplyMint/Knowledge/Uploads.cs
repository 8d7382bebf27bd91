using System.Text.Json;
using ReplyMint.Jobs;
using ReplyMint.Storage;

namespace ReplyMint.Knowledge;

/// <summary>A file that was announced and may be put into the bucket; sealed, since a name says something about the tenant.</summary>
/// <param name="Sha256">In hex.</param>
internal sealed record UploadRecord(int V, string Name, int Size, string Sha256);

/// <summary>
/// Files of knowledge that come by the bucket, where a gateway stands before us that takes no large body. Each is announced with its length
/// and hash, put to an address that is good for these bytes alone, read by us, and gone from the bucket; what nobody says is there goes, too.
/// </summary>
/// <param name="files">Null where files are taken directly.</param>
internal sealed class Uploads(IStore store, KeyRing keys, JobQueue jobs, TimeProvider time, BucketFiles? files)
{
    /// <summary>What the bucket's policy, its lifecycle and the roles of the template name.</summary>
    public const string Prefix = "uploads/";

    /// <summary>The kind of the job that removes what is left of one.</summary>
    public const string EndJob = "upload-end";

    /// <summary>Of a tenant at once.</summary>
    public const int Most = 20;

    /// <summary>An address works for whoever has it, so it is for the caller who asked just now.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(2);

    /// <summary>By then it is there and read, or it goes. No address lives as long, so nothing comes after that.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);

    private const string ItemPrefix = "upload/";

    /// <summary>Where browsers have to connect to; null where files are taken directly.</summary>
    public string? Origin => files?.Origin;

    /// <summary>Null when the tenant has as many as it may have.</summary>
    /// <param name="sha256">In hex.</param>
    public async Task<(string Id, BucketUpload Place)?> AskAsync(string tenant, string name, int size, string sha256, CancellationToken ct)
    {
        var own = await keys.RequireAsync(tenant, ct);
        var id = Ids.Random('f');
        var asked = await store.RetryAsync(async (commit, token) =>
        {
            if ((await store.QueryAsync(Table.Main, tenant, new Storage.Range(ItemPrefix, Limit: Most), null, token)).Items.Count >= Most)
                return false;
            var (key, until) = (KeyOf(tenant, id), time.GetUtcNow() + Kept);
            commit.Put(key, "{\"v\":1}"u8.ToArray(), Condition.Absent, StoredJson.Seal(own, key, 1, new UploadRecord(1, name, size, sha256), KnowledgeJson.Default.UploadRecord), until);
            jobs.Add(commit, tenant, EndJob, id, until);
            return true;
        }, ct);
        return asked ? (id, await Bucket.UploadAsync(NameOf(tenant, id), size, Convert.FromHexString(sha256), Life, ct)) : null;
    }

    /// <summary>One of this tenant that is not over and was not taken.</summary>
    public async ValueTask<UploadRecord?> FindAsync(string tenant, string id, CancellationToken ct) =>
        await store.GetAsync(KeyOf(tenant, id), ct) is { } item ? JsonSerializer.Deserialize((await keys.RequireAsync(tenant, ct)).Open(item), KnowledgeJson.Default.UploadRecord) : null;

    /// <summary>What was put there; null when nothing was, or more than was announced.</summary>
    public Task<byte[]?> ReadAsync(string tenant, string id, UploadRecord upload, CancellationToken ct) => Bucket.ReadAsync(NameOf(tenant, id), upload.Size, ct);

    /// <summary>It was taken or refused, and is over either way.</summary>
    public async Task RemoveAsync(string tenant, string id, CancellationToken ct)
    {
        await store.CommitAsync(new Commit().Delete(KeyOf(tenant, id)), ct);
        await Bucket.DeleteAsync(NameOf(tenant, id), ct);
    }

    /// <summary>The job that comes when one is over.</summary>
    public async Task<JobOutcome> EndAsync(Job job, CancellationToken ct)
    {
        await Bucket.DeleteAsync(NameOf(job.Tenant, job.Target), ct);
        var commit = new Commit();
        job.Complete(commit);
        await store.CommitAsync(commit, ct);
        return JobOutcome.Finished;
    }

    /// <summary>Removes all of a tenant from the bucket; returns how many there were.</summary>
    public async Task<int> DropAsync(string tenant, CancellationToken ct)
    {
        var count = 0;
        if (files is null)
            return count;
        await foreach (var name in files.ListAsync($"{Prefix}{tenant}/", ct))
        {
            await files.DeleteAsync(name, ct);
            count++;
        }
        return count;
    }

    private BucketFiles Bucket => files ?? throw new InvalidOperationException("Files are taken directly here.");

    private static ItemKey KeyOf(string tenant, string id) => ItemKey.Main(tenant, ItemPrefix + id);

    private static string NameOf(string tenant, string id) => $"{Prefix}{tenant}/{id}";
}
