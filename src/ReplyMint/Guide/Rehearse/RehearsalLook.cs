using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace ReplyMint.Guide;

/// <summary>What rehearsals work with: the throw-away tenants, and the running server's front door.</summary>
internal sealed class RehearsalLook(IServiceProvider services, RawHttp http, GuideSettings settings, RehearsalStage stage)
{
    /// <summary>Requests of one run, mails by SMTP among them; the door refuses the next one.</summary>
    public const int MostRequests = 500;

    private int _guests;

    public RawHttp Http => http;
    public GuideSettings Settings => settings;
    public RehearsedTenant Own => stage.Own;
    public RehearsedTenant Other => stage.Other;

    /// <summary>How long an effect is waited for that has to come.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    public T Get<T>() where T : notnull => services.GetRequiredService<T>();

    /// <summary>Somebody who has not written before: one person gets one answer in ten minutes.</summary>
    public string NewGuest() => Own.Guest($"guest{++_guests}");
}

/// <summary>A rehearsal came to its end before its last step; the outcome says why.</summary>
internal sealed class RehearsalEnd(Outcome outcome) : Exception(outcome.Evidence)
{
    public Outcome Outcome => outcome;
}

/// <summary>One rehearsal: acts, looks at what became of it, and keeps what it saw as evidence. The first effect that is not seen ends it.</summary>
internal sealed partial class RehearsalAct(RehearsalLook look)
{
    // Most effects are there at once; what takes longer is asked for more and more seldom, since each look may be a request.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LastLook = TimeSpan.FromMilliseconds(640);

    private readonly List<string> _seen = [];

    public RehearsedTenant Own => look.Own;
    public RehearsedTenant Other => look.Other;
    public GuideSettings Settings => look.Settings;

    public T Get<T>() where T : notnull => look.Get<T>();

    public string NewGuest() => look.NewGuest();

    public static async Task<Outcome> PlayAsync(RehearsalLook look, Func<RehearsalAct, CancellationToken, Task> play, CancellationToken ct)
    {
        var act = new RehearsalAct(look);
        try
        {
            await play(act, ct);
            return Outcome.Pass(string.Join("; ", act._seen));
        }
        catch (RehearsalEnd end)
        {
            return end.Outcome;
        }
    }

    public void Saw(string what) => _seen.Add(what);

    /// <summary>Ends it, unless so; what was seen is kept.</summary>
    public void Holds(bool so, string seen, string otherwise)
    {
        if (!so)
            throw Fail(otherwise);
        Saw(seen);
    }

    public static RehearsalEnd Fail(string evidence) => new(Outcome.Fail(evidence));

    public static RehearsalEnd NotChecked(string why) => new(Outcome.NotChecked(why));

    public static RehearsalEnd NotApplicable(string why) => new(Outcome.NotApplicable(why));

    /// <summary>Waits for what other threads bring about, in real time.</summary>
    public Task<bool> EventuallyAsync(Func<Task<bool>> so, CancellationToken ct) => EventuallyAsync(so, look.Patience, ct);

    /// <summary>True: how long it took is kept.</summary>
    public async Task BecomesAsync(Func<Task<bool>> so, string seen, string otherwise, CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        Holds(await EventuallyAsync(so, ct), seen, otherwise);
        _seen[^1] += $" after {(int)Stopwatch.GetElapsedTime(began).TotalMilliseconds} ms";
    }

    public static async Task<bool> EventuallyAsync(Func<Task<bool>> so, TimeSpan atMost, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(atMost);
        using var timer = new PeriodicTimer(FirstLook);
        try
        {
            do
            {
                if (await so())
                    return true;
                if (timer.Period < LastLook)
                    timer.Period *= 2;
            }
            while (await timer.WaitForNextTickAsync(patience.Token));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Out of patience.
        }
        return false;
    }
}
