using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReplyMint.Jobs;

/// <summary>
/// A hint on its way to another process: ids only. Who takes it reads the job itself, so one that is forged, old, or there twice can run
/// nothing that is not due anyway.
/// </summary>
internal sealed record WakeUp(int V, string Tenant, string Kind, string Target, string Key, int Shard)
{
    public static WakeUp Of(Job job) => new(1, job.Tenant, job.Record.Kind, job.Target, job.Key.Sort, JobQueue.ShardOf(job.Target));

    public string Write() => JsonSerializer.Serialize(this, WakeUpJson.Default.WakeUp);

    /// <summary>Null when it is none, or one whose parts contradict each other.</summary>
    public static WakeUp? Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, WakeUpJson.Default.WakeUp) is { V: 1 } read && JobQueue.IsKey(read.Key, read.Tenant, read.Kind, read.Target)
                && read.Shard == JobQueue.ShardOf(read.Target) ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(WakeUp))]
internal sealed partial class WakeUpJson : JsonSerializerContext;
