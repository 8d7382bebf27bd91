using System.Globalization;
using ReplyMint.Privacy;

namespace ReplyMint.Cli.Commands;

/// <summary>One line that is drawn anew, at most once for each per cent.</summary>
internal sealed class ProgressBar(CommandContext context)
{
    private const int Width = 30;
    private int _shown = -1;

    /// <summary>How many went by.</summary>
    public long Messages { get; private set; }

    public void Show(ExportProgress progress)
    {
        Messages = progress.Messages;
        if (progress.Percent == _shown)
            return;
        _shown = progress.Percent;
        Draw();
    }

    /// <summary>All of it is done.</summary>
    public void End()
    {
        if (_shown < 0)
            return;
        _shown = 100;
        Draw();
        context.Error.WriteLine();
    }

    /// <summary>It goes no further; what comes next gets a line of its own.</summary>
    public void BreakOff()
    {
        if (_shown >= 0)
            context.Error.WriteLine();
    }

    private void Draw()
    {
        var filled = _shown * Width / 100;
        context.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r[{new string('#', filled)}{new string(' ', Width - filled)}] {_shown,3} %  {Messages} messages"));
        context.Error.Flush();
    }
}
