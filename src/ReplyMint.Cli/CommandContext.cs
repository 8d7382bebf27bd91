using System.CommandLine;

namespace ReplyMint.Cli;

/// <summary>A file that the command line named, read where the user stands, since the server may not.</summary>
/// <param name="Name">As shown to people: relative to the folder that was named.</param>
internal sealed record ForwardedFile(string Name, byte[] Bytes);

/// <summary>What the body of a store command works with, in the server or in a process of its own.</summary>
internal sealed class CommandContext
{
    public required IServiceProvider Services { get; init; }
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public IReadOnlyList<ForwardedFile> Files { get; init; } = [];
    public required Func<string, CancellationToken, Task<bool>> Confirm { get; init; }

    /// <summary>Adds bytes to the file that the command line names for what comes of it (<see cref="StoreCommand.SavesTo"/>).</summary>
    public Action<ReadOnlyMemory<byte>> Save { get; init; } = static _ => throw new InvalidOperationException("This command names no file to save to.");

    /// <summary>A server runs, so work that is put in the store is done at once.</summary>
    public required bool InServer { get; init; }

    public int Fail(string message)
    {
        Error.WriteLine($"replymint: {message}");
        return ExitCode.Failed;
    }
}

/// <summary>A command with what its help says beyond arguments and options.</summary>
internal class Verb(string name, string description) : Command(name, description)
{
    /// <summary>Lines a person can copy, without "replymint".</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];
}

internal delegate Task<int> StoreBody(CommandContext context, ParseResult parse, CancellationToken ct);

/// <summary>A command on the store: the same body runs in the server that owns it or, without one, here.</summary>
internal sealed class StoreCommand(string name, string description, StoreBody body) : Verb(name, description)
{
    public StoreBody Body { get; } = body;

    /// <summary>It makes the store when there is none; every other command would only make an empty one in the wrong place.</summary>
    public bool MakesStore { get; init; }

    /// <summary>The file that what comes of it is saved to, where the user stands; it has its name only once the command has succeeded.</summary>
    public Func<ParseResult, string?>? SavesTo { get; init; }

    /// <summary>It works on a store that was restored and not held to the ledger of erasures yet: it shows and changes nothing of what may have to go.</summary>
    public bool OpensRestored { get; init; }

    /// <summary>Does what a command line asks that needs no store; null where one is needed.</summary>
    public Func<ParseResult, CommandHost, CancellationToken, Task<int>?>? WithoutStore { get; init; }

    /// <summary>Reads the files the command line names; null when it names none. Throws <see cref="IOException"/> with a sentence for the user.</summary>
    public Func<ParseResult, CommandHost, CancellationToken, Task<IReadOnlyList<ForwardedFile>>>? ReadFiles { get; init; }
}
