using System.Threading.Channels;
using ReplyMint.Storage;

namespace ReplyMint.Jobs;

/// <summary>
/// Hints of due jobs, and whose turn it is. Each tenant has a queue of its own in each lane; places go to the tenants in turn, as
/// <see cref="JobPlaces"/> allows. What is kept is bounded: a hint that finds no room is lost, and the sweep finds the job.
/// </summary>
internal sealed class JobTurns : IWorkQueue
{
    /// <summary>Hints that wait in one lane. A tenant takes at most half of what others leave, so that nobody finds none.</summary>
    public const int MaxWaiting = 20_000;

    // Hints that a look for due jobs may fill a lane with. Of a shared store no more than are begun soon: the others are for other processes.
    private readonly int _mostFound;
    private readonly JobPlaces _places;
    private readonly Dictionary<(string Kind, string? Partition), JobLane> _rules;
    private readonly Lane[] _lanes = [new(), new(), new()];
    // Waiting or running: nothing of it is wanted a second time.
    private readonly HashSet<ItemKey> _known = [];
    // Never more than there are places, and as many workers take from it: whoever stands here is run at once.
    private readonly Channel<Job> _started = Channel.CreateUnbounded<Job>();
    private readonly Lock _lock = new();
    private int _taken;

    /// <param name="shared">Other processes look for the same jobs.</param>
    public JobTurns(JobsSettings settings, IEnumerable<JobLaneRule> rules, bool shared = false)
    {
        _mostFound = shared ? settings.Workers * 2 : MaxWaiting;
        _places = new(settings.Workers);
        _rules = rules.ToDictionary(rule => (rule.Kind, rule.Partition), rule => rule.Lane);
    }

    /// <summary>The next job that has a place. Whoever takes it gives the place back with <see cref="End"/>.</summary>
    public ValueTask<Job> NextAsync(CancellationToken ct) => _started.Reader.ReadAsync(ct);

    /// <summary>Whether a job that a look found would be kept.</summary>
    public bool Wants(ItemKey key, string tenant, string kind)
    {
        lock (_lock)
            return !_known.Contains(key) && _lanes[(int)LaneOf(tenant, kind)].HasRoom(tenant, _mostFound);
    }

    public void Offer(Job job)
    {
        lock (_lock)
        {
            var lane = _lanes[(int)LaneOf(job.Tenant, job.Record.Kind)];
            if (!lane.HasRoom(job.Tenant, MaxWaiting) || !_known.Add(job.Key))
                return;
            lane.Add(job);
            StartAll();
        }
    }

    /// <summary>Workers of this process took them at once.</summary>
    public Task FlushAsync(CancellationToken ct) => Task.CompletedTask;

    /// <summary>The job's run is over, however it went.</summary>
    public void End(Job job)
    {
        lock (_lock)
        {
            _known.Remove(job.Key);
            _taken--;
            _lanes[(int)LaneOf(job.Tenant, job.Record.Kind)].End(job.Tenant);
            StartAll();
        }
    }

    private void StartAll()
    {
        for (var lane = JobLane.Door; lane >= JobLane.Mail;)
            if (_lanes[(int)lane].Start(_places, lane, _taken) is { } job)
            {
                _taken++;
                _started.Writer.TryWrite(job);
            }
            else
            {
                lane--;
            }
    }

    private JobLane LaneOf(string tenant, string kind) =>
        _rules.TryGetValue((kind, null), out var lane) || _rules.TryGetValue((kind, tenant), out lane) ? lane : JobLane.Mail;

    private sealed class Lane
    {
        private readonly Dictionary<string, Tenant> _tenants = new(StringComparer.Ordinal);
        // Those with something that waits; the first one's turn is next.
        private readonly Queue<Tenant> _turns = [];
        private int _waiting;
        private int _running;

        public bool HasRoom(string tenant, int most) =>
            (_tenants.TryGetValue(tenant, out var own) ? own.Waiting.Count : 0) < most - _waiting;

        public void Add(Job job)
        {
            if (!_tenants.TryGetValue(job.Tenant, out var tenant))
                _tenants[job.Tenant] = tenant = new();
            tenant.Waiting.Enqueue(job);
            _waiting++;
            if (tenant.Waiting.Count == 1)
                _turns.Enqueue(tenant);
        }

        /// <summary>Null when nobody may start. Whoever holds too much is passed over; there are few of them, since each holds places.</summary>
        public Job? Start(JobPlaces places, JobLane lane, int taken)
        {
            // A tenant that holds nothing: if not even that one may, nobody is looked at.
            if (!places.MayStart(lane, taken, _running, 0))
                return null;
            for (var left = _turns.Count; left > 0; left--)
            {
                var tenant = _turns.Dequeue();
                var starts = places.MayStart(lane, taken, _running, tenant.Running);
                var job = starts ? tenant.Waiting.Dequeue() : null;
                if (tenant.Waiting.Count > 0)
                    _turns.Enqueue(tenant);
                if (job is null)
                    continue;
                tenant.Running++;
                _running++;
                _waiting--;
                return job;
            }
            return null;
        }

        public void End(string tenant)
        {
            var own = _tenants[tenant];
            own.Running--;
            _running--;
            if (own.Running == 0 && own.Waiting.Count == 0)
                _tenants.Remove(tenant);
        }

        private sealed class Tenant
        {
            public Queue<Job> Waiting { get; } = [];
            public int Running { get; set; }
        }
    }
}
