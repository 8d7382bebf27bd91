namespace ReplyMint.Guide;

/// <summary>What looks like joined input in the code and is none: file, what it is, and why. A line without a reason counts for nothing.</summary>
internal sealed class CodeExceptions
{
    public const string File = "tools/ReplyMint.Supply/code-exceptions.txt";

    private readonly HashSet<(string Path, string What)> _all = [];
    private readonly HashSet<(string Path, string What)> _met = [];

    /// <param name="text">PATH | WHAT | WHY in each line; empty ones and those that begin with # say nothing.</param>
    public CodeExceptions(string? text)
    {
        foreach (var line in (text ?? "").Split('\n'))
            if (line.Split('|', 3, StringSplitOptions.TrimEntries) is [{ Length: > 0 } path, { Length: > 0 } what, { Length: > 10 }] && path[0] != '#')
                _all.Add((path, what));
    }

    public bool Has(string path, string what) => _all.Contains((path, what)) && (_met.Add((path, what)) || true);

    /// <summary>What nothing asked for: an exception must not outlive its reason.</summary>
    public IEnumerable<string> Stale => _all.Except(_met).Select(one => $"{File}: {one.What} stands nowhere in {one.Path} (any more)");
}
