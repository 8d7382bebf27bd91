using Xunit;

namespace ReplyMint.Tests;

/// <summary>Public test data that lies beside the repository and is read in place; tests are skipped, with a word, where it is absent.</summary>
internal static class SharedData
{
    private static readonly string? s_root = Find();

    /// <summary>The folder of one set, such as "mime".</summary>
    public static string Folder(string set)
    {
        var folder = s_root is null ? null : Path.Combine(s_root, set);
        if (folder is null || !Directory.Exists(folder))
            Assert.Skip($"The shared test data '{set}' is not here; set REPLYMINT_TEST_SHARED to its folder.");
        return folder;
    }

    /// <summary>The folder of one set where it is here, for tests that do without as well.</summary>
    public static IEnumerable<string> Find(string set) =>
        s_root is not null && Directory.Exists(Path.Combine(s_root, set)) ? [Path.Combine(s_root, set)] : [];

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("REPLYMINT_TEST_SHARED") is { Length: > 0 } named)
            return Directory.Exists(Path.Combine(named, "data")) ? Path.Combine(named, "data") : named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var data = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(data))
                return data;
        }
        return null;
    }
}
