using System.Globalization;

namespace ReplyMint.Guide;

/// <summary>No file of the project holds a secret (AWS-2). What its history holds ./test.sh reads, which has git for it.</summary>
internal static class SecretRepository
{
    public static Outcome None(RepositoryLook look)
    {
        var known = KnownSecrets.Read((look.Text(KnownSecrets.File) ?? "").Split('\n'));
        var (problems, read) = (new List<string>(), 0);
        foreach (var path in look.Files.Paths)
            if (look.Files.Bytes(path) is { } bytes)
            {
                read++;
                problems.AddRange(SecretScan.Find(bytes).Where(one => !known.Contains(one.Mark)).Select(one => $"{path}:{one.Line}: {one.Kind}, of mark {one.Mark}"));
            }
        return look.Wrong(problems) ?? Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"{look.Folder}: none of {read} files holds what looks like a secret, but for {known.Count} that {KnownSecrets.File} names with their reason; ./test.sh reads the history, too"));
    }
}
