namespace ReplyMint.Audit;

/// <summary>How many days may lie between two of what has to be done again and again (SOC-5): 1 to 3,650; 0 asks for none.</summary>
internal sealed record RecordSettings
{
    public const int MostDays = 3_650;

    /// <summary>Looks at who may do what (replymint access review --done).</summary>
    public int ReviewDays { get; init; } = 90;
    /// <summary>Rehearsals of an incident (replymint incident drill).</summary>
    public int DrillDays { get; init; } = 90;
    /// <summary>Rehearsals of a restore from a backup.</summary>
    public int RestoreDrillDays { get; init; } = 90;
    public int PenetrationTestDays { get; init; } = 365;
    public int KeyRotationDays { get; init; } = 365;
    /// <summary>Looks for new versions of packages and of the system.</summary>
    public int PatchDays { get; init; } = 30;
    public int TrainingDays { get; init; } = 365;

    public IEnumerable<string> Problems()
    {
        foreach (var (kind, days) in All)
            if (days is < 0 or > MostDays)
                yield return $"records.{Member(kind)} is {days}; allowed are 0 (asks for none) to {MostDays}.";
    }

    /// <summary>The days of each kind, 0 for one that is not asked for.</summary>
    internal IReadOnlyList<(string Kind, int Days)> All =>
    [
        (RecordKinds.Review, ReviewDays), (RecordKinds.Drill, DrillDays), (RecordKinds.RestoreDrill, RestoreDrillDays), (RecordKinds.PenetrationTest, PenetrationTestDays),
        (RecordKinds.KeyRotation, KeyRotationDays), (RecordKinds.Patch, PatchDays), (RecordKinds.Training, TrainingDays),
    ];

    private static string Member(string kind)
    {
        var words = kind.Split('-');
        return string.Concat(words.Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..])) + "Days";
    }
}

/// <summary>What is done again and again, by name.</summary>
internal static class RecordKinds
{
    public const string Review = "review";
    public const string Drill = "drill";
    public const string RestoreDrill = "restore-drill";
    public const string PenetrationTest = "penetration-test";
    public const string KeyRotation = "key-rotation";
    public const string Patch = "patch";
    public const string Training = "training";

    /// <summary>Settings or infrastructure were changed (SOC-2); never due.</summary>
    public const string Change = "change";

    /// <summary>Something that is left to do, once; it has a date of its own.</summary>
    public const string FollowUp = "follow-up";

    public static IReadOnlyList<string> Repeated { get; } = [Review, Drill, RestoreDrill, PenetrationTest, KeyRotation, Patch, Training];
}
