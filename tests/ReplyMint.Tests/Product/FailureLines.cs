using Microsoft.Extensions.Logging;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>What the product logs of its failures goes to the output of the test, which is shown when that fails: else a 500 says nothing.</summary>
internal sealed class FailureLines(ITestOutputHelper output) : ILoggerProvider, ILogger
{
    public static ILoggingBuilder Add(ILoggingBuilder logging) =>
        TestContext.Current.TestOutputHelper is { } output ? logging.AddProvider(new FailureLines(output)) : logging;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        try
        {
            output.WriteLine($"{logLevel}: {formatter(state, exception)}");
        }
        catch (InvalidOperationException)
        {
            // The test is over, and its host still stops.
        }
    }

    public void Dispose()
    {
    }
}
