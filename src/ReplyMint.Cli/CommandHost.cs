using System.Collections;
using System.Text;
using ReplyMint.Security;

namespace ReplyMint.Cli;

/// <summary>What a command has of the world: where it writes, what it is asked, and where it stands.</summary>
internal sealed record CommandHost
{
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public required TextReader In { get; init; }

    /// <summary>A person sits at both ends, so a question makes sense.</summary>
    public required bool Interactive { get; init; }

    /// <summary>Reads a line that the terminal does not show; null reads it like any other.</summary>
    public Func<string?>? Hidden { get; init; }

    /// <summary>How wide the terminal is that shows what is written; null where none does.</summary>
    public Func<int?> Columns { get; init; } = static () => null;

    public required IReadOnlyDictionary<string, string> Environment { get; init; }
    public required string Directory { get; init; }

    /// <summary>The command line as it was given.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What the kernel says of the machine's clock.</summary>
    public Func<ClockReading> Clock { get; init; } = KernelClock.Read;

    /// <summary>Opens the store whose lock is held.</summary>
    public required Func<ReplyMintSettings, CancellationToken, Task<OpenedStore>> Open { get; init; }

    public static CommandHost OfProcess()
    {
        var utf8 = new UTF8Encoding(false);
        CommandHost? self = null;
        return self = new()
        {
            Out = new StreamWriter(System.Console.OpenStandardOutput(), utf8) { AutoFlush = true },
            Error = new StreamWriter(System.Console.OpenStandardError(), utf8) { AutoFlush = true },
            In = new StreamReader(System.Console.OpenStandardInput(), utf8),
            Interactive = !System.Console.IsInputRedirected && !System.Console.IsErrorRedirected,
            Hidden = ReadKeys,
            // Of a terminal that does not say it the runtime says 0.
            Columns = static () => !System.Console.IsOutputRedirected && System.Console.WindowWidth is > 0 and var wide ? wide : null,
            Environment = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
                .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal),
            Directory = System.Environment.CurrentDirectory,
            Open = (settings, ct) => Installation.OpenForCommandAsync(settings, self!, ct),
        };
    }

    /// <summary>For parsing only: the server knows a client's command line, but not its world.</summary>
    public static CommandHost Nowhere { get; } = new()
    {
        Out = TextWriter.Null, Error = TextWriter.Null, In = TextReader.Null, Interactive = false,
        Environment = new Dictionary<string, string>(), Directory = "/",
        Open = static (_, _) => throw new RefusedException("a server opens no second store"),
    };

    /// <summary>One line that says what is wrong and what to do.</summary>
    public int Fail(string message, int code = ExitCode.Failed)
    {
        // It may quote what was given, or what a file holds.
        Error.WriteLine($"replymint: {Plain.Text(message)}");
        return code;
    }

    /// <summary>Asks a person for something that nobody should read over his shoulder.</summary>
    public async Task<string> AskHiddenAsync(string question, CancellationToken ct)
    {
        await Error.WriteAsync($"{question}: ".AsMemory(), ct);
        var answer = Hidden is not null ? Hidden() : await In.ReadLineAsync(ct);
        await Error.WriteLineAsync();
        return answer ?? "";
    }

    private static string? ReadKeys()
    {
        var text = new StringBuilder();
        while (System.Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
            if (key.Key == ConsoleKey.Backspace)
                text.Length = Math.Max(0, text.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                text.Append(key.KeyChar);
        return text.ToString();
    }

    public string Full(string path) => Path.GetFullPath(path, Directory);

    public async Task<bool> ConfirmAsync(string question, CancellationToken ct)
    {
        if (!Interactive)
        {
            Error.WriteLine($"replymint: {question} There is nobody to ask here; add --yes.");
            return false;
        }
        await Error.WriteAsync($"{question} [y/N] ".AsMemory(), ct);
        var answer = await In.ReadLineAsync(ct);
        if (answer?.Trim() is "y" or "Y" or "yes")
            return true;
        Error.WriteLine("(not done)");
        return false;
    }
}

internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
}
