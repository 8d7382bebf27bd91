using System.CommandLine;
using ReplyMint.Aws;

namespace ReplyMint.Cli.Commands;

/// <summary>Runs one function of an installation on AWS Lambda until its environment ends.</summary>
internal static class LambdaCommand
{
    /// <summary>The only place where a function may write.</summary>
    private const string Data = "/tmp/replymint";

    public static Command Build(CommandHost host)
    {
        var lambda = new Verb("lambda", "run as a function on AWS Lambda; lambda.function says which") { Examples = ["lambda --set lambda.function=api"] };
        lambda.SetAction(async (parse, ct) =>
        {
            if (host.Environment.GetValueOrDefault(LambdaRuntime.Variable) is not { Length: > 0 } api)
                return host.Fail($"this runs on AWS Lambda only ({LambdaRuntime.Variable} is not set); on a machine of your own use: replymint serve");
            using var process = new LambdaProcess(api, host);
            return SettingsOfCommand.Read(parse, host) is { } settings
                ? await process.RunAsync(settings with { Data = settings.Data ?? Data }, ct)
                : await process.FailAsync("the settings are wrong; the log says which", ct);
        });
        return lambda;
    }
}
