namespace ReplyMint.Jobs;

/// <summary>How long work of a kind may wait for others, and so which places are kept free for it.</summary>
internal enum JobLane
{
    /// <summary>Tenants' mails, sendings and webhooks. Each may hang for as long as a model or a receiver does.</summary>
    Mail,
    /// <summary>The house's own short work for tenants, such as notices and invitations.</summary>
    Short,
    /// <summary>Somebody stands at the door: signing in, and mails of the installation.</summary>
    Door,
}

/// <summary>Puts jobs of a kind into another lane than <see cref="JobLane.Mail"/>; given by the room that runs them.</summary>
/// <param name="Partition">Only jobs of this one; null for everybody's.</param>
internal sealed record JobLaneRule(string Kind, JobLane Lane, string? Partition = null);

/// <summary>
/// Who may take one of the places. An eighth is never taken by mails; half of that only by the door. Of the rest a tenant's
/// mails hold at most three times as many as are free, so that whoever comes next finds one: one tenant alone
/// takes two thirds of all places.
/// </summary>
internal readonly record struct JobPlaces(int All)
{
    private int Reserved => All == 1 ? 0 : (All + 7) / 8;

    /// <param name="lane">The job's.</param>
    /// <param name="taken">Places, by whomever.</param>
    /// <param name="ofLane">Of these, by jobs of the lane.</param>
    /// <param name="ofTenant">Of these, by the job's own tenant.</param>
    public bool MayStart(JobLane lane, int taken, int ofLane, int ofTenant) => lane switch
    {
        JobLane.Door => taken < All && ofLane < Math.Max(1, All / 2),
        JobLane.Short => taken < All - (Reserved + 1) / 2 && ofLane < Math.Max(1, All / 4) && ofTenant < Math.Max(1, Reserved / 2),
        _ => ofTenant < 3 * (All - Reserved - taken),
    };
}
