namespace ReplyMint.Guide;

/// <summary>When a running server looks itself whether the controls hold that settings and store show.</summary>
internal sealed record GuideClockSettings
{
    private const int Most = 168;

    /// <summary>Hours between two looks, 1 to 168. On an embedded store changed settings are looked at within ten minutes, too.</summary>
    public int EveryHours { get; init; } = 6;

    public IEnumerable<string> Problems()
    {
        if (EveryHours is < 1 or > Most)
            yield return $"guide.everyHours is {EveryHours}; allowed are 1 to {Most}.";
    }
}
