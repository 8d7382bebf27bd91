using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Aws;

/// <summary>
/// Secrets in SSM Parameter Store, each by its exact name below one path. A value is good for five minutes; when it can't be fetched anew
/// then, for whatever reason, it stays good until it can. One that AWS says is not there (any more) is gone at once.
/// </summary>
internal sealed class ParameterStore(AwsJsonCalls ssm, AwsSettings settings, TimeProvider time)
{
    private const int MostNames = 10;
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(20);

    private readonly Lock _one = new();
    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    private sealed record Known(ParameterReading Reading, DateTimeOffset Until);

    public ParameterDoor Door => new(Read, SetAsync);

    /// <summary>Fetches what will be asked for, in few calls.</summary>
    public async Task LoadAsync(IEnumerable<string> names, CancellationToken ct)
    {
        foreach (var some in names.Distinct().Chunk(MostNames))
            await FetchAsync(some, ct);
    }

    private ParameterReading Read(string name)
    {
        if (_known.TryGetValue(name, out var known) && time.GetUtcNow() < known.Until)
            return known.Reading;
        if (known is null)
            _one.Enter();
        // Who has a value does not wait for whoever fetches the next.
        else if (!_one.TryEnter())
            return known.Reading;
        try
        {
            // Settings are read where nobody can wait. All that is known comes with it, so that this happens once in five minutes.
            if (!_known.TryGetValue(name, out known) || time.GetUtcNow() >= known.Until)
                Task.Run(() => LoadAsync([name, .. _known.Keys], CancellationToken.None)).GetAwaiter().GetResult();
            return _known[name].Reading;
        }
        finally
        {
            _one.Exit();
        }
    }

    private async Task FetchAsync(string[] names, CancellationToken ct)
    {
        var answer = await ssm.CallAsync("GetParameters", json =>
        {
            json.WriteStartArray("Names");
            foreach (var name in names)
                json.WriteStringValue(PathOf(name));
            json.WriteEndArray();
            json.WriteBoolean("WithDecryption", true);
        }, ct);
        var now = time.GetUtcNow();
        if (answer.Error is null)
        {
            var found = Parse(answer.Body);
            foreach (var name in names)
                _known[name] = new(found.GetValueOrDefault(PathOf(name), new(null, null, $"there is no parameter {PathOf(name)}. Put it there with: replymint secrets set parameter:{name}")), now + Fresh);
        }
        // The role may read some of them only, and one that it may not read takes all the others of the call with it.
        else if (answer.Error == "AccessDeniedException" && names.Length > 1)
            foreach (var name in names)
                await FetchAsync([name], ct);
        else
            foreach (var name in names)
                _known.AddOrUpdate(name, new Known(new(null, null, $"the parameter {PathOf(name)} can't be read ({Word(answer)})."), now + AfterFailure), (_, last) => last with { Until = now + AfterFailure });
    }

    private async Task<string?> SetAsync(string name, string value, CancellationToken ct)
    {
        var answer = await ssm.CallAsync("PutParameter", json =>
        {
            json.WriteString("Name", PathOf(name));
            json.WriteString("Value", value);
            json.WriteString("Type", "SecureString");
            json.WriteBoolean("Overwrite", true);
            if (settings.ParametersKey is { } key)
                json.WriteString("KeyId", key);
        }, ct);
        _known.TryRemove(name, out _);
        return answer.Error is null ? null : $"the parameter {PathOf(name)} can't be set ({Word(answer)})";
    }

    private string PathOf(string name) => $"{settings.Parameters}/{name}";

    /// <summary>AWS's word, and not its sentence, which may quote what was sent.</summary>
    private static string Word(AwsAnswer answer) => answer.Error is "AccessDeniedException" ? "the role may not" : answer.Error!;

    private static Dictionary<string, ParameterReading> Parse(byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        var found = new Dictionary<string, ParameterReading>(StringComparer.Ordinal);
        foreach (var parameter in document.RootElement.GetProperty("Parameters").EnumerateArray())
        {
            DateTimeOffset? since = parameter.TryGetProperty("LastModifiedDate", out var at) && at.TryGetDouble(out var seconds) && seconds is >= 0 and < 253_402_300_799 ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000)) : null;
            var name = parameter.GetProperty("Name").GetString()!;
            found[name] = parameter.GetProperty("Type").GetString() == "SecureString" ? new(Encoding.UTF8.GetBytes(parameter.GetProperty("Value").GetString()!), since, null)
                : new(null, since, $"the parameter {name} is no SecureString: it lies there in the clear. Replace the secret, it may have been read.");
        }
        return found;
    }
}
