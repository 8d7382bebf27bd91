using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ReplyMint.Security;

/// <summary>What reading a secret gave: its value, or a message for the operator that never holds any of it.</summary>
internal readonly record struct SecretReading(string? Value, string? Problem)
{
    /// <summary>When it was set, where whoever keeps it says so.</summary>
    public DateTimeOffset? Since { get; init; }

    public static SecretReading Refused(string problem) => new(null, problem);
}

/// <summary>A secret that a setting names: the setting's path, and where the secret lies.</summary>
internal sealed record NamedSecret(string Setting, string Reference);

/// <summary>The raw form of <see cref="SecretReading"/>, for keys that are bytes.</summary>
internal readonly record struct SecretBytes(byte[]? Value, string? Problem)
{
    public DateTimeOffset? Since { get; init; }
}

/// <summary>
/// Reads the operator's secrets. Settings only name them: "file:/absolute/path" for a file that nobody else can read,
/// "credential:NAME" for one that systemd hands over (LoadCredential=, systemd.exec(5)), "store:NAME" for one that was
/// put into the store, sealed (`replymint secrets set NAME`), or "parameter:NAME" for one in SSM Parameter Store, below aws.parameters.
/// </summary>
/// <param name="credentialsDirectory">Where systemd put this service's credentials, or null.</param>
/// <param name="stored">Opens a secret of the store, or gives null when there is none of that name; null where no store is open.</param>
/// <param name="parameters">A store of secrets outside of ours, or null.</param>
internal sealed class SecretSource(string? credentialsDirectory, Func<string, byte[]?>? stored = null, ParameterDoor? parameters = null)
{
    public const string Forms = "\"file:/absolute/path\", \"credential:NAME\", \"store:NAME\" or \"parameter:NAME\"";
    public const string StorePrefix = "store:";
    public const string ParameterPrefix = "parameter:";
    public const int MaxBytes = 64 * 1024;

    /// <summary>The rest of a sentence.</summary>
    public const string NameRule = "1 to 100 characters of A-Z, a-z, 0-9, '.', '_' and '-', the first of them no dot";

    private const string FilePrefix = "file:";
    private const string CredentialPrefix = "credential:";

    public static SecretSource FromEnvironment(Func<string, byte[]?>? stored = null, ParameterDoor? parameters = null) =>
        new(Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY"), stored, parameters);

    /// <summary>What is wrong with the reference itself, without reading it; for a settings record's own checks.</summary>
    /// <param name="setting">The member's name as the operator writes it.</param>
    public static string? Problem(string setting, string reference)
    {
        if (reference.StartsWith(FilePrefix, StringComparison.Ordinal))
            return Path.IsPathFullyQualified(reference[FilePrefix.Length..]) ? null : $"{setting}: the path behind \"file:\" must be absolute.";
        if (reference.StartsWith(CredentialPrefix, StringComparison.Ordinal))
            return IsName(reference.AsSpan(CredentialPrefix.Length)) ? null : $"{setting}: a credential's name has {NameRule}.";
        if (reference.StartsWith(StorePrefix, StringComparison.Ordinal))
            return IsName(reference.AsSpan(StorePrefix.Length)) ? null : $"{setting}: a stored secret's name has {NameRule}.";
        if (reference.StartsWith(ParameterPrefix, StringComparison.Ordinal))
            return IsName(reference.AsSpan(ParameterPrefix.Length)) ? null : $"{setting}: a parameter's name has {NameRule}.";
        return $"{setting}: a secret is never written into the settings, only where it lies: {Forms}. If this was a real secret, replace it: it may have been copied.";
    }

    /// <summary>The secret as text, without a line end behind it; weak ones and placeholders are refused.</summary>
    public SecretReading Read(string setting, string reference)
    {
        var read = ReadBytes(setting, reference);
        if (read.Value is not { } bytes)
            return SecretReading.Refused(read.Problem!);
        string text;
        try
        {
            text = StrictUtf8.GetString(bytes).TrimEnd('\r', '\n');
        }
        catch (DecoderFallbackException)
        {
            return SecretReading.Refused($"{setting}: the secret is not text in UTF-8.");
        }
        var weakness = SecretStrength.Weakness(text);
        return weakness is null ? new(text, null) { Since = read.Since } : SecretReading.Refused($"{setting}: the secret {weakness}");
    }

    /// <summary>The secret's bytes as they lie there; their quality is the caller's to check.</summary>
    public SecretBytes ReadBytes(string setting, string reference)
    {
        if (Problem(setting, reference) is { } wrong)
            return new(null, wrong);
        if (reference.StartsWith(FilePrefix, StringComparison.Ordinal))
            return ReadFile(setting, reference[FilePrefix.Length..], FileGuard.PrivateFile);
        if (reference.StartsWith(StorePrefix, StringComparison.Ordinal))
            return ReadStored(setting, reference[StorePrefix.Length..]);
        if (reference.StartsWith(ParameterPrefix, StringComparison.Ordinal))
            return ReadParameter(setting, reference[ParameterPrefix.Length..]);
        if (string.IsNullOrEmpty(credentialsDirectory))
            return new(null, $"{setting}: names a credential, but the service was started without any (CREDENTIALS_DIRECTORY is not set).");
        // systemd may grant our user the right by an access list on a file of root, which shows as group bits.
        return ReadFile(setting, Path.Combine(credentialsDirectory, reference[CredentialPrefix.Length..]), FileGuard.GroupMayRead);
    }

    private SecretBytes ReadStored(string setting, string name) =>
        stored is null ? new(null, $"{setting}: the secret {name} lies in the store, which is not open here.")
            : stored(name) is { } value ? new(value, null) : new(null, $"{setting}: there is no secret {name} in the store. Put it there with: replymint secrets set {name}");

    private SecretBytes ReadParameter(string setting, string name)
    {
        if (parameters is null)
            return new(null, $"{setting}: names a parameter, but Parameter Store is not open here.");
        var read = parameters.Read(name);
        return new(read.Value, read.Problem is { } problem ? $"{setting}: {problem}" : null) { Since = read.Since };
    }

    private static SecretBytes ReadFile(string setting, string path, UnixFileMode forbidden)
    {
        try
        {
            if (!File.Exists(path))
                return new(null, $"{setting}: there is no file {path}.");
            using var handle = File.OpenHandle(path);
            if (FileGuard.Problem(handle, path, forbidden) is { } problem)
                return new(null, $"{setting}: {problem}");
            var (bytes, length) = ReadAll(handle);
            return length == 0 ? new(null, $"{setting}: {path} is empty.")
                : length > MaxBytes ? new(null, $"{setting}: {path} has more than {MaxBytes / 1024} KB; that is no secret.")
                : new(bytes[..length], null);
        }
        catch (UnauthorizedAccessException)
        {
            return new(null, $"{setting}: {path} can't be read by the user that ReplyMint runs as.");
        }
        catch (IOException e)
        {
            return new(null, $"{setting}: {path} can't be read ({e.GetType().Name}).");
        }
    }

    private static (byte[] Bytes, int Length) ReadAll(SafeFileHandle handle)
    {
        var buffer = new byte[MaxBytes + 1];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = RandomAccess.Read(handle, buffer.AsSpan(length), length);
            if (read == 0)
                break;
            length += read;
        }
        return (buffer, length);
    }

    /// <summary>Whether a credential or a stored secret may be called so.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > 100 || name[0] == '.')
            return false;
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        return true;
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
