namespace ReplyMint.Storage;

/// <summary>What holds between the processes of a store that several share (<see cref="IStore.IsShared"/>).</summary>
internal static class SharedStore
{
    /// <summary>
    /// How far the clocks of two processes may be apart: AWS refuses a call that is signed more than five minutes off its own clock, so a
    /// process that is further off writes nothing.
    /// </summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    /// <summary>How old what a process holds of tenants' keys and of the operator's secrets may be when it is used.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    /// <summary>The same of people's keys, which are destroyed when somebody is erased.</summary>
    public static readonly TimeSpan FreshOfPeople = TimeSpan.FromSeconds(2);

    /// <summary>How long a new number of a tenant's key is there before anybody seals with it: by then every process can open what it seals.</summary>
    public static readonly TimeSpan Spread = Skew + 2 * Fresh;
}
