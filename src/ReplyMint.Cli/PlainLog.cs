using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace ReplyMint.Cli;

/// <summary>
/// The log on the terminal of who develops: a line for each entry, whatever its values hold. The framework's own form leaves escape sequences and
/// carriage returns in them, so that what a stranger sent could move the cursor over what was written before.
/// </summary>
internal sealed class PlainLog(TimeProvider time) : ConsoleFormatter(Form)
{
    public const string Form = "plain";

    // An exception with its stack, on one line.
    private const int MostLine = 16_384;

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter) =>
        Write(textWriter, logEntry.LogLevel, $"{logEntry.Category}[{logEntry.EventId.Id.ToString(CultureInfo.InvariantCulture)}] {logEntry.Formatter(logEntry.State, logEntry.Exception)} {logEntry.Exception}");

    private void Write(TextWriter to, LogLevel level, string text) =>
        to.WriteLine($"{time.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {Word(level)}: {Plain.Line(text, MostLine)}");

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce", LogLevel.Debug => "dbug", LogLevel.Information => "info", LogLevel.Warning => "warn", LogLevel.Error => "fail", _ => "crit",
    };
}
