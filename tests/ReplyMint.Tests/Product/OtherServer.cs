using System.Diagnostics;

namespace ReplyMint.Tests.Product;

/// <summary>A server of somebody else's that a test starts.</summary>
internal static class OtherServer
{
    /// <summary>Waits until it answers.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; says what it wrote.</exception>
    public static Task ReadyAsync(Process process, Func<Task<bool>> answers, Func<string>? log = null) => ProductHost.EventuallyAsync(async () =>
        process.HasExited ? throw new InvalidOperationException($"{process.StartInfo.FileName} did not start: {log?.Invoke()}{await process.StandardError.ReadToEndAsync()}")
        : await answers() ? "ready" : null);
}
