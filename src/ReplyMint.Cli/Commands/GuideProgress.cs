namespace ReplyMint.Cli.Commands;

/// <summary>One line of the guide that is drawn anew where a person sits, so that he sees what it is at; a file or a program gets nothing of it.</summary>
internal sealed class GuideProgress(CommandHost host, int all)
{
    private int _at;

    /// <param name="what">A control, or what comes behind the last one.</param>
    public void Show(string what)
    {
        _at = Math.Min(_at + 1, all);
        if (host.Interactive)
            host.Error.Write($"\r{_at}/{all} {what,-8}");
    }

    public void End()
    {
        if (host.Interactive)
            host.Error.Write("\r                    \r");
    }
}
