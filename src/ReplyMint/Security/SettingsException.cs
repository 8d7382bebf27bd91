namespace ReplyMint.Security;

/// <summary>Ends the start: a setting is wrong. The message is for the operator and is all that he needs; no stack trace belongs beside it.</summary>
public sealed class SettingsException : Exception
{
    public SettingsException()
    {
    }

    public SettingsException(string message) : base(message)
    {
    }

    public SettingsException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>All at once, so that he mends them in one go.</summary>
    public static void ThrowIfAny(IEnumerable<string> problems)
    {
        var all = string.Join(Environment.NewLine, problems);
        if (all.Length > 0)
            throw new SettingsException(all);
    }
}
