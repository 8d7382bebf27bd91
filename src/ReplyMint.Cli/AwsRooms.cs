using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Aws;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli;

/// <summary>What rooms take of AWS. They know it by records and delegates of their own, the adapters know no room; here the two meet.</summary>
internal static class AwsRooms
{
    /// <returns>The store of secrets outside, where settings name one, with those that they name.</returns>
    public static async Task<ParameterDoor?> AddAsync(IServiceCollection services, ReplyMintSettings settings, AwsServices? aws)
    {
        if (aws is null)
            return null;
        services.AddSingleton(Files(aws.Files()));
        if (settings.Outbound.Channel == OutboundSettings.ToSes)
            services.AddSingleton(Send(aws.Mail()));
        if (settings.Aws.MailBucket is { } bucket)
            services.AddSingleton(Mails(bucket, aws.Mails()));
        if (settings.Aws.Topic is { } topic)
            services.AddSingleton(Tell(topic, aws.Client("sns")));
        if (settings.Aws.Parameters is null)
            return null;
        var parameters = aws.Parameters();
        await parameters.LoadAsync(settings.Parameters().Select(secret => secret.Reference[SecretSource.ParameterPrefix.Length..]), CancellationToken.None);
        return parameters.Door;
    }

    public static SesCall Send(AwsClient ses) => async (body, patience, ct) =>
    {
        var answer = await ses.SendAsync(HttpMethod.Post, "v2/email/outbound-emails", body, [("Content-Type", "application/json")], patience, ct);
        return new(answer.Status, answer.Error, answer.HandedOver);
    };

    /// <summary>SNS has no token that knows a message again: one whose answer was lost may be told twice, which is better than not at all.</summary>
    public static AlertTopic Tell(string topic, AwsClient sns) => async (subject, text, ct) =>
    {
        var body = Encoding.UTF8.GetBytes($"Action=Publish&Version=2010-03-31&TopicArn={Uri.EscapeDataString(topic)}&Subject={Uri.EscapeDataString(subject)}&Message={Uri.EscapeDataString(text)}");
        return (await sns.SendAsync(HttpMethod.Post, "", body, [("Content-Type", "application/x-www-form-urlencoded")], TimeSpan.FromSeconds(5), ct)).Error is null;
    };

    public static BucketFiles Files(S3Files files) => new(files.Origin, files.WriteAsync, files.ReadAsync, files.DeleteAsync, files.ListAsync, files.AddressAsync, files.UploadAsync);

    public static StoredMails Mails(string bucket, S3Calls calls) => new(bucket, async (key, most, ct) =>
    {
        var answer = await calls.CallAsync(HttpMethod.Get, key, default, ct, most);
        return new(answer.Error is null ? answer.Body : null, answer.Error == AwsClient.TooLarge);
    }, (key, ct) => calls.CallAsync(HttpMethod.Delete, key, default, ct));
}
