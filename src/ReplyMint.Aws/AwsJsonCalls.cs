using System.Buffers;
using System.Text.Json;

namespace ReplyMint.Aws;

/// <summary>Calls of a service that speaks JSON 1.1, made again while their failure passes: each of them may be made twice.</summary>
/// <param name="service">The service's name in calls, such as "TrentService.".</param>
internal sealed class AwsJsonCalls(AwsClient client, string service, AwsPatience patience, TimeProvider time)
{
    /// <returns>AWS's last word in <see cref="AwsAnswer.Error"/>, or its answer.</returns>
    public async Task<AwsAnswer> CallAsync(string operation, Action<Utf8JsonWriter> write, CancellationToken ct)
    {
        var body = Body(write);
        var tries = new AwsTries(patience, time);
        while (true)
        {
            var answer = await client.PostAsync("1.1", service + operation, body, patience.Attempt, ct);
            if (answer.Error is null || !answer.IsPassing || !await tries.AgainAsync(ct))
                return answer;
        }
    }

    public static ReadOnlyMemory<byte> Body(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }
}
