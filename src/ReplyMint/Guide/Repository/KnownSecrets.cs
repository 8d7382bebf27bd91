namespace ReplyMint.Guide;

/// <summary>What looks like a secret and is none: each by its mark, and why. A line without a reason counts for nothing.</summary>
internal static class KnownSecrets
{
    public const string File = "tools/ReplyMint.Supply/known-secrets.txt";

    /// <param name="lines">MARK, then why; empty lines and those that begin with # say nothing.</param>
    public static IReadOnlySet<string> Read(IEnumerable<string> lines)
    {
        var marks = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in lines)
            if (line.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [{ Length: 16 } mark, { Length: > 10 }] && mark[0] != '#')
                marks.Add(mark);
        return marks;
    }
}
