namespace ReplyMint.Security;

/// <summary>What a log may say of an exception: its types and places. Its messages may quote what it failed on, which may be personal (MON-2).</summary>
internal static class Failure
{
    public static string Of(Exception e) => Types(e) + "\n" + e.StackTrace;

    /// <summary>The type, and those of the exceptions within.</summary>
    public static string Types(Exception e)
    {
        var names = e.GetType().FullName!;
        for (var inner = e.InnerException; inner is not null; inner = inner.InnerException)
            names += " < " + inner.GetType().FullName;
        return names;
    }
}
