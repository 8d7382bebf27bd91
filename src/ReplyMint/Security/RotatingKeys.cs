namespace ReplyMint.Security;

/// <summary>
/// Keys of the settings of which several count during a rotation. Read anew every half minute, so that a rotation needs no restart; the
/// last good ones stay when none can be read.
/// </summary>
internal sealed class RotatingKeys(SecretSource secrets, TimeProvider time, params NamedSecret[] named)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private IReadOnlyList<string> _keys = [];
    private DateTimeOffset _read = DateTimeOffset.MinValue;

    public IReadOnlyList<string> Read()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now - _read < Fresh)
                return _keys;
            _read = now;
            var keys = new List<string>();
            foreach (var secret in named)
                if (secret.Reference.Length > 0 && secrets.Read(secret.Setting, secret.Reference).Value is { } key)
                    keys.Add(key);
            if (keys.Count > 0)
                _keys = keys;
            return _keys;
        }
    }
}
