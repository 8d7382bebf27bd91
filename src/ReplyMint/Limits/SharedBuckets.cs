using System.Globalization;
using System.Text.Json.Serialization;
using ReplyMint.Storage;

namespace ReplyMint.Limits;

/// <param name="FullAt">When the bucket is full again, in ticks of UTC.</param>
internal sealed record BucketRecord(int V, long FullAt);

/// <summary>
/// Token buckets that all processes of a store share: one item each. A process tells the store of what it took once that is a fiftieth of
/// the bucket, or two tokens, and waits for the answer then; so a request costs a write only where little may be asked at all.
/// What it may take beyond the bucket is what others have not told of yet: less than that, for each process. Nothing is forgotten, so over
/// time the rate is exact. Tokens come by the clock of the process that tells; one that is ahead gets those of the difference once.
/// While the store does not answer each process goes by its own bucket, as a single one does.
/// </summary>
/// <param name="own">This process's own: no process takes more than a bucket holds, whatever others say, and memory is bounded.</param>
internal sealed class SharedBuckets(IStore store, KeyRing keys, TokenBuckets own, TimeProvider time)
{
    private const int MaxTries = 5;
    // What was told of stays in the store; with an idle bucket less than a portion is forgotten.
    private const int MostKept = 65_536;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    // A refusal rests on what the store said at most so long ago; others may have given back.
    private static readonly TimeSpan Known = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan KeptFull = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private Dictionary<BucketKey, Bucket> _young = [];
    private Dictionary<BucketKey, Bucket> _old = [];

    /// <summary>See <see cref="TakeTokens"/>.</summary>
    public async ValueTask<Taken> TakeAsync(BucketKey key, BucketRule rule, double cost)
    {
        var here = own.Take(key, rule, cost);
        if (!here.Allowed)
            return here;
        var bucket = BucketOf(key);
        var wait = new Waiting(cost > 0 ? cost : 0);
        var leads = false;
        lock (bucket.Gate)
        {
            if (Decide(bucket, rule, cost) is { } decided)
                return GiveBack(decided);
            bucket.Waiting.Add(wait);
            if (!bucket.Asks)
                leads = bucket.Asks = true;
        }
        if (leads)
            _ = AskAsync(key, rule, bucket);
        return GiveBack(await wait.Told.Task);

        Taken GiveBack(Taken taken)
        {
            if (!taken.Allowed)
                own.Give(key, rule, cost);
            return taken;
        }
    }

    /// <summary>By what is known here; null when the store has to be asked.</summary>
    private Taken? Decide(Bucket bucket, BucketRule rule, double cost)
    {
        var left = Left(bucket, rule, time.GetUtcNow());
        if (cost <= 0)
        {
            // No more than is known to be missing: a full bucket takes nothing, and needs no write.
            bucket.Owed += Math.Max(cost, -left * rule.PerSecond);
            return bucket.Owed > -Portion(rule) || bucket.Rests(time) ? new Taken(true, 0, default, default) : null;
        }
        var taken = rule.Take(ref left, cost, 0);
        if (!taken.Allowed)
            return bucket.IsKnown(time) || bucket.Rests(time) ? taken : null;
        if (bucket.Owed + cost >= Portion(rule) && !bucket.Rests(time))
            return null;
        bucket.Owed += cost;
        return taken;
    }

    /// <summary>Seconds until it is full again, with what the store was not told of.</summary>
    private static double Left(Bucket bucket, BucketRule rule, DateTimeOffset now) =>
        Math.Max(Math.Max(bucket.State.FullAt - now.UtcTicks, 0) / (double)TimeSpan.TicksPerSecond + bucket.Owed / rule.PerSecond, 0);

    private static double Portion(BucketRule rule) => Math.Max(2, Math.Floor(rule.Burst / 50));

    /// <summary>Asks for all who wait, together, until nobody does.</summary>
    private async Task AskAsync(BucketKey key, BucketRule rule, Bucket bucket)
    {
        while (true)
        {
            List<Waiting> some;
            double owed;
            State known;
            lock (bucket.Gate)
            {
                if (bucket.Waiting.Count == 0)
                {
                    bucket.Asks = false;
                    return;
                }
                bucket.Wake(Portion(rule));
                (some, bucket.Waiting, owed, known) = (bucket.Waiting, [], bucket.Owed, bucket.State);
            }
            Taken[] told;
            try
            {
                (told, var state) = await AskAsync(key, rule, owed, some, known).WaitAsync(Patience, time);
                lock (bucket.Gate)
                    bucket.Hear(state, owed, time);
            }
            catch (Exception)
            {
                // Whoever needs the store hears of it there.
                lock (bucket.Gate)
                {
                    bucket.Rest(time);
                    told = [.. some.Select(wait => Here(bucket, rule, wait.Cost))];
                }
            }
            for (var i = 0; i < told.Length; i++)
                some[i].Told.SetResult(told[i]);
        }
    }

    private Taken Here(Bucket bucket, BucketRule rule, double cost)
    {
        var left = Left(bucket, rule, time.GetUtcNow());
        var taken = rule.Take(ref left, cost, 0);
        if (taken.Allowed)
            bucket.Owed += cost;
        return taken;
    }

    private async Task<(Taken[] Told, State State)> AskAsync(BucketKey key, BucketRule rule, double owed, List<Waiting> some, State known)
    {
        var at = await KeyOfAsync(key);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var guessed = tries == 0 && known.Version is not null;
            var state = guessed ? known : State.Of(await store.GetAsync(at, CancellationToken.None));
            var now = time.GetUtcNow();
            var left = Math.Max(Math.Max(state.FullAt - now.UtcTicks, 0) / (double)TimeSpan.TicksPerSecond + owed / rule.PerSecond, 0);
            var told = new Taken[some.Count];
            for (var i = 0; i < told.Length; i++)
                told[i] = rule.Take(ref left, some[i].Cost, 0);
            // Nobody is refused by an old word.
            if (guessed && told.Any(taken => !taken.Allowed))
                continue;
            var after = new State(now.UtcTicks + (long)Math.Ceiling(left * TimeSpan.TicksPerSecond), (state.Version ?? 0) + 1);
            if (owed == 0 && told.All(taken => !taken.Allowed))
                return (told, state);
            var commit = new Commit().Put(at, StoredJson.Write(new BucketRecord(1, after.FullAt), LimitsStored.Default.BucketRecord),
                state.Version is > 0 and var version ? Condition.At(version) : Condition.Absent, expires: new DateTimeOffset(after.FullAt, TimeSpan.Zero) + KeptFull);
            if (await store.CommitAsync(commit, CancellationToken.None) == CommitResult.Committed)
                return (told, after);
        }
        throw new StoreUnavailableException($"A bucket met {MaxTries} conflicts in a row.");
    }

    /// <summary>A keyed hash: whose bucket it is may be an address.</summary>
    private async ValueTask<ItemKey> KeyOfAsync(BucketKey key) =>
        ItemKey.Main("bucket/" + (await keys.RequireAsync(KeyRing.Installation, CancellationToken.None)).Hash("bucket", string.Create(CultureInfo.InvariantCulture, $"{key.Kind}\n{key.Owner}\n{key.Network}")), "bucket");

    private Bucket BucketOf(BucketKey key)
    {
        lock (_lock)
        {
            if (_young.TryGetValue(key, out var young))
                return young;
            if (_young.Count >= MostKept)
                (_old, _young) = (_young, []);
            return _young[key] = _old.TryGetValue(key, out var old) ? old : new();
        }
    }

    /// <param name="Version">Of the item; 0 where there is none, null where nobody has looked.</param>
    private readonly record struct State(long FullAt, long? Version)
    {
        public static State Of(Item? item) => item is null ? new(0, 0) : new(System.Text.Json.JsonSerializer.Deserialize(item.Value.Span, LimitsStored.Default.BucketRecord)!.FullAt, item.Version);
    }

    private sealed class Waiting(double cost)
    {
        public double Cost => cost;
        public TaskCompletionSource<Taken> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Bucket
    {
        private long _heardAt;
        private long? _failedAt;

        public Lock Gate { get; } = new();
        /// <summary>Tokens that the store was not told of.</summary>
        public double Owed { get; set; }
        public State State { get; private set; }
        public bool Asks { get; set; }
        public List<Waiting> Waiting { get; set; } = [];

        public bool IsKnown(TimeProvider time) => State.Version is not null && time.GetElapsedTime(_heardAt) < Known;

        /// <summary>The store did not answer just now: nobody waits for it again so soon.</summary>
        public bool Rests(TimeProvider time) => _failedAt is { } failed && time.GetElapsedTime(failed) < Known;

        public void Rest(TimeProvider time) => _failedAt = time.GetTimestamp();

        /// <summary>Of what was taken while it did not answer a portion is told: the process's own bucket has counted it, and fills again.</summary>
        public void Wake(double portion)
        {
            if (_failedAt is not null)
                Owed = Math.Min(Owed, portion);
        }

        public void Hear(State state, double owed, TimeProvider time)
        {
            (State, _heardAt, _failedAt) = (state, time.GetTimestamp(), null);
            Owed -= owed;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BucketRecord))]
internal sealed partial class LimitsStored : JsonSerializerContext;
