using System.Net;
using System.Net.Sockets;
using ReplyMint.Security;

namespace ReplyMint.Limits;

/// <summary>How fast a bucket fills and how much it holds, in tokens.</summary>
internal readonly record struct BucketRule(double PerSecond, double Burst)
{
    public static BucketRule Of(RequestRate rate, int times = 1) => new(rate.PerMinute / 60.0 * times, (double)rate.Burst * times);

    /// <summary>Takes from a bucket that will be full at an instant, or nothing.</summary>
    /// <param name="fullAt">In seconds; moves when something is taken or given back.</param>
    /// <param name="cost">Tokens; less than 0 gives back.</param>
    /// <param name="now">On the same scale.</param>
    public Taken Take(ref double fullAt, double cost, double now)
    {
        var before = Math.Max(fullAt, now);
        var after = Math.Max(before + cost / PerSecond, now);
        var allowed = cost <= 0 || (after - now) * PerSecond <= Burst + 1e-6;
        fullAt = allowed ? after : before;
        return new(allowed, Math.Max(Burst - (fullAt - now) * PerSecond, 0),
            allowed ? TimeSpan.Zero : TimeSpan.FromSeconds((after - now) - Burst / PerSecond), TimeSpan.FromSeconds(fullAt - now));
    }
}

/// <summary>Whose bucket it is.</summary>
/// <param name="Kind">Which limit.</param>
/// <param name="Owner">An id or an account; empty for a network alone.</param>
/// <param name="Network">Where it came from; 0 when that does not count.</param>
internal readonly record struct BucketKey(string Kind, string Owner, UInt128 Network)
{
    /// <summary>An IPv4 address as it is; of IPv6 the /64, of which a client commonly owns all.</summary>
    public static UInt128 NetworkOf(IPAddress? address)
    {
        if (address is null)
            return 0;
        address = address.Plain();
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (!address.TryWriteBytes(bytes, out var written))
            return 0;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            bytes[8..].Clear();
        else
            bytes[15] = 4;
        var network = UInt128.Zero;
        foreach (var b in bytes)
            network = network << 8 | b;
        return network;
    }

    /// <summary>The neighbourhood that shares a bucket when there is no room for one of its own: an IPv4 /16, an IPv6 /32.</summary>
    public int Neighbourhood => HashCode.Combine(Kind, Owner, (Network & byte.MaxValue) == 4 ? Network >> 112 : Network >> 96);
}

/// <param name="Left">Tokens that are left.</param>
/// <param name="Wait">When refused: until the next is there.</param>
/// <param name="Full">Until the bucket is full again.</param>
internal readonly record struct Taken(bool Allowed, double Left, TimeSpan Wait, TimeSpan Full);

/// <summary>
/// The port to the state of rates: takes so many tokens from a bucket, or none; less than none gives back. In one process
/// <see cref="TokenBuckets"/> is behind it, in several <see cref="SharedBuckets"/> on the store that they share.
/// </summary>
internal delegate ValueTask<Taken> TakeTokens(BucketKey key, BucketRule rule, double cost);

/// <summary>
/// Token buckets in memory. A bucket is one instant, the one at which it will be full again; a full bucket is the same as none,
/// so only those are ever thrown out. When all room is taken by buckets that are not full, whoever comes new shares one with
/// his neighbourhood: nobody gets out of his own bucket because others came, and no number of addresses takes more memory.
/// </summary>
internal sealed class TokenBuckets(TimeProvider time, int capacity = 131_072)
{
    private const int Shards = 16;
    private const int SharedPerShard = 256;
    // How many buckets are looked at for a full one when a new one needs room.
    private const int Looks = 16;

    private readonly Shard[] _shards = [.. Enumerable.Range(0, Shards).Select(_ => new Shard(Math.Max(capacity / Shards, 1)))];
    private readonly long _start = time.GetTimestamp();

    /// <summary>How many buckets have room of their own now.</summary>
    public int Count => _shards.Sum(shard => shard.Count);

    public Taken Take(in BucketKey key, BucketRule rule, double cost) => ShardOf(key).Take(key, rule, cost, Now());

    public Taken Take(in BucketKey key, BucketRule rule) => Take(key, rule, 1);

    /// <summary>How it stands; takes nothing.</summary>
    public Taken Look(in BucketKey key, BucketRule rule) => ShardOf(key).Take(key, rule, 0, Now());

    /// <summary>Gives back what was taken for something that turned out not to count.</summary>
    public void Give(in BucketKey key, BucketRule rule, double amount) => ShardOf(key).Take(key, rule, -amount, Now());

    private double Now() => time.GetElapsedTime(_start).TotalSeconds;

    private Shard ShardOf(in BucketKey key) => _shards[(key.GetHashCode() & int.MaxValue) % Shards];

    private sealed class Shard(int capacity)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<BucketKey, int> _index = [];
        private readonly List<BucketKey> _keys = [];
        private readonly List<double> _fullAt = [];
        private readonly double[] _shared = new double[SharedPerShard];
        private int _hand;

        public int Count
        {
            get
            {
                lock (_lock)
                    return _keys.Count;
            }
        }

        public Taken Take(in BucketKey key, BucketRule rule, double cost, double now)
        {
            lock (_lock)
            {
                var slot = _index.TryGetValue(key, out var known) ? known : cost > 0 ? Room(key, now) : -1;
                ref var shared = ref _shared[(key.Neighbourhood & int.MaxValue) % SharedPerShard];
                var full = slot >= 0 ? _fullAt[slot] : _keys.Count < capacity ? 0 : shared;
                var taken = rule.Take(ref full, cost, now);
                if (taken.Allowed && cost != 0)
                {
                    if (slot >= 0)
                        _fullAt[slot] = full;
                    else if (_keys.Count == capacity)
                        shared = full;
                }
                return taken;
            }
        }

        /// <summary>A place for a new bucket; -1 when every one that was looked at is in use.</summary>
        private int Room(in BucketKey key, double now)
        {
            if (_keys.Count < capacity)
            {
                _keys.Add(key);
                _fullAt.Add(0);
                return _index[key] = _keys.Count - 1;
            }
            for (var look = 0; look < Looks; look++)
            {
                _hand = (_hand + 1) % capacity;
                if (_fullAt[_hand] > now)
                    continue;
                _index.Remove(_keys[_hand]);
                _keys[_hand] = key;
                _fullAt[_hand] = 0;
                return _index[key] = _hand;
            }
            return -1;
        }
    }
}
