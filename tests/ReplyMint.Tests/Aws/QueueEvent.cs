using System.Text.Json.Nodes;
using ReplyMint.Jobs;

namespace ReplyMint.Tests.Aws;

/// <summary>A batch of messages as SQS hands it to a function.</summary>
internal static class QueueEvent
{
    public static string Of(params (string Id, string Body)[] messages) => new JsonObject
    {
        ["Records"] = new JsonArray([.. messages.Select(message => (JsonNode)new JsonObject
        {
            ["messageId"] = message.Id, ["receiptHandle"] = "r", ["body"] = message.Body, ["attributes"] = new JsonObject { ["ApproximateReceiveCount"] = "1" },
            ["messageAttributes"] = new JsonObject(), ["md5OfBody"] = "0", ["eventSource"] = "aws:sqs", ["eventSourceARN"] = "arn:aws:sqs:eu-central-1:123456789012:wake", ["awsRegion"] = "eu-central-1",
        })]),
    }.ToJsonString();

    public static string Of(params Job[] jobs) => Of([.. jobs.Select((job, i) => ($"m{i}", WakeUp.Of(job).Write()))]);

    /// <summary>Ids of the messages that are to come again.</summary>
    public static string[] Failed(RuntimeAnswer answer)
    {
        Assert.True(answer.ErrorType is null, answer.Body);
        return [.. JsonNode.Parse(answer.Body)!["batchItemFailures"]!.AsArray().Select(failure => (string)failure!["itemIdentifier"]!)];
    }
}
