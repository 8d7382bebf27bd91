using System.Text;

namespace ReplyMint.Cli;

/// <summary>Keeps what is written, and tells of each line as soon as it is whole.</summary>
internal sealed class HeardLines(Action<string> heard) : TextWriter
{
    private readonly StringBuilder _all = new();
    private int _told;

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        _all.Append(value);
        if (value != '\n')
            return;
        heard(_all.ToString(_told, _all.Length - 1 - _told));
        _told = _all.Length;
    }

    public override string ToString() => _all.ToString();
}
