using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using ReplyMint.Security;

namespace ReplyMint.Cli;

/// <summary>The log of a process that serves.</summary>
internal static class ProcessLog
{
    public static void Add(ILoggingBuilder logging, DeploymentEnvironment environment)
    {
        // Output is for what the user asked; the log goes beside it, structured except where a person reads along.
        logging.AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        // Why a start failed is told in one line, not as a trace.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        if (environment == DeploymentEnvironment.Development)
        {
            logging.Services.AddSingleton<ConsoleFormatter>(new PlainLog(TimeProvider.System));
            logging.AddConsole(o => o.FormatterName = PlainLog.Form);
        }
        else
            logging.AddJsonConsole(o => { o.UseUtcTimestamp = true; o.IncludeScopes = true; o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ"; });
    }
}
