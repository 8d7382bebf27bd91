using System.Text.Json.Serialization;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint;

/// <summary>What this process is for on AWS Lambda. Each has rights of its own, and takes events of one kind.</summary>
[JsonConverter(typeof(WireEnum<LambdaFunction>))]
internal enum LambdaFunction
{
    /// <summary>HTTP of the REST API.</summary>
    Api,
    /// <summary>Wake-ups by SQS: runs jobs.</summary>
    Worker,
    /// <summary>Each minute: finds due jobs and wakes workers; audit roots, records, files that nothing names.</summary>
    Sweep,
    /// <summary>Each minute: looks into accounts by IMAP.</summary>
    Imap,
    /// <summary>Each hour: changes keys and secrets that are due.</summary>
    Rotate,
    /// <summary>Wake-ups by the queue of erasures: the only one that may destroy keys.</summary>
    Erase,
    /// <summary>Alarms by SNS: posts them to a chat. Opens no store.</summary>
    Alarm,
}

/// <summary>What `replymint lambda` runs.</summary>
internal sealed record LambdaSettings
{
    /// <summary>api, worker, sweep, imap, rotate, erase or alarm.</summary>
    public LambdaFunction? Function { get; init; }

    /// <summary>Where the address lies that alarms are posted to, as an object with a text; who knows it may write there, so it is a secret.</summary>
    public string AlarmWebhook { get; init; } = "";

    /// <param name="settings">All of them, since a function stands on the others.</param>
    public IEnumerable<string> Problems(ReplyMintSettings settings)
    {
        if (AlarmWebhook.Length > 0 && SecretSource.Problem("lambda.alarmWebhook", AlarmWebhook) is { } problem)
            yield return problem;
        if (Function == LambdaFunction.Alarm && AlarmWebhook.Length == 0)
            yield return "alarmWebhook must say where the chat's address lies: alarms are posted there.";
        if (Function is null or LambdaFunction.Alarm)
            yield break;
        // What a function leaves on its own disk is gone with it.
        if (settings.Store != StoreKind.Aws && settings.Environment.NeedsHttps())
            yield return "function needs store: aws outside of development.";
        if (settings.Store == StoreKind.Aws && settings.Aws.Queue is null)
            yield return "function needs aws.queue, by which functions wake each other.";
    }
}
