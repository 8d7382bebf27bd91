namespace ReplyMint.Cli;

/// <summary>The services of an installation without its listeners and workers, for a command that runs while no server does.</summary>
internal sealed class OpenedStore(IServiceProvider services, Func<ValueTask> close) : IAsyncDisposable
{
    public IServiceProvider Services => services;

    /// <summary>It was restored, and what was erased after its backup may be in it.</summary>
    public bool IsRestored { get; init; }

    public ValueTask DisposeAsync() => close();
}

/// <summary>The installation can't start or be opened; the message is the one line that tells the user why and what to do.</summary>
internal sealed class RefusedException(string message, Exception? cause = null) : Exception(message, cause);
