using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SecretSourceTests : IDisposable
{
    private const string Good = "9f86d081884c7d659a2feaa0c55ad015";
    private readonly string _folder = Directory.CreateTempSubdirectory("replymint-secrets-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string FileWith(string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, string name = "secret")
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, mode);
        return path;
    }

    private SecretReading Read(string reference) => new SecretSource(_folder).Read("inbound.mailgun.signingKeys[0]", reference);

    private static void Refused(SecretReading reading, string because)
    {
        Assert.Null(reading.Value);
        Assert.StartsWith("inbound.mailgun.signingKeys[0]: ", reading.Problem, StringComparison.Ordinal);
        Assert.Contains(because, reading.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(Good, reading.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void A_private_file_is_read_without_its_line_end(string end) =>
        Assert.Equal(Good, Read("file:" + FileWith(Good + end)).Value);

    [Fact]
    public void A_credential_is_read_from_the_directory_that_systemd_names()
    {
        FileWith(Good, UnixFileMode.UserRead | UnixFileMode.GroupRead, "mailgun.key");
        Assert.Equal(Good, Read("credential:mailgun.key").Value);
        Refused(new SecretSource(null).Read("inbound.mailgun.signingKeys[0]", "credential:mailgun.key"), "CREDENTIALS_DIRECTORY");
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_others_can_touch_is_refused(UnixFileMode extra) =>
        Refused(Read("file:" + FileWith(Good, UnixFileMode.UserRead | extra)), "chmod 600");

    [Fact]
    public void A_credential_that_everybody_can_read_is_refused()
    {
        FileWith(Good, UnixFileMode.UserRead | UnixFileMode.OtherRead, "open");
        Refused(Read("credential:open"), "can be read or changed by others");
    }

    [Fact]
    public void A_file_of_another_user_is_refused()
    {
        var path = FileWith(Good);
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("Only root can give a file away.");
        Assert.Equal(0, Chown(path, 12345));
        Refused(Read("file:" + path), "belongs to another user (uid 12345)");
    }

    private static int Chown(string path, int owner)
    {
        using var process = System.Diagnostics.Process.Start("chown", [owner.ToString(), path]);
        process.WaitForExit();
        return process.ExitCode;
    }

    [Theory]
    [InlineData(Good)]
    [InlineData("")]
    [InlineData("File:/etc/x")]
    [InlineData("env:NAME")]
    [InlineData("key-3ax6xnjp29jd6fds4gc373sgvjxteol0")]
    public void A_secret_in_the_settings_is_refused_and_not_repeated(string literal)
    {
        Refused(Read(literal), "never written into the settings");
        if (literal.Length > 0)
            Assert.DoesNotContain(literal, Read(literal).Problem!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:secret", "absolute")]
    [InlineData("file:../secret", "absolute")]
    [InlineData("credential:", "credential's name")]
    [InlineData("credential:../secret", "credential's name")]
    [InlineData("credential:a/b", "credential's name")]
    [InlineData("credential:.hidden", "credential's name")]
    [InlineData("credential:absent", "there is no file")]
    [InlineData("file:/nowhere/secret", "there is no file")]
    [InlineData("file:/", "there is no file")]
    public void What_can_t_be_read_is_named(string reference, string because) => Refused(Read(reference), because);

    [Fact]
    public void An_empty_file_and_a_huge_one_are_no_secrets()
    {
        Refused(Read("file:" + FileWith("")), "is empty");
        Refused(Read("file:" + FileWith(new string('a', SecretSource.MaxBytes + 1))), "64 KB");
        var binary = FileWith("");
        File.WriteAllBytes(binary, [0xff, 0xfe, .. new byte[30]]);
        Refused(Read("file:" + binary), "UTF-8");
        Assert.Equal(32, new SecretSource(null).ReadBytes("key", "file:" + binary).Value!.Length);
    }

    [Theory]
    [InlineData("short", "shorter than 16")]
    [InlineData("9f86d081884c7d6", "shorter than 16")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats")]
    [InlineData("abababababababababababab", "repeats")]
    [InlineData("q7Rz9x1kq7Rz9x1k", "repeats")]
    [InlineData("changemechangeme", "repeats")]
    [InlineData("change-me-change-me-please", "placeholder")]
    [InlineData("your-mailgun-signing-key-here", "placeholder")]
    [InlineData("<replace-with-your-webhook-secret>", "placeholder")]
    [InlineData("MySuperSecretPassword1", "placeholder")]
    [InlineData("0123456789abcdefghijkl", "sequence")]
    [InlineData("abcdefghijklmnopqrstuvwxyz", "sequence")]
    [InlineData("9f86d081884c7d659a2f\nfeaa0c55ad015", "more than one line")]
    public void Weak_secrets_and_placeholders_are_refused(string weak, string because) =>
        Refused(Read("file:" + FileWith(weak)), because);

    [Fact]
    public void Random_secrets_are_never_taken_for_weak_ones()
    {
        for (var i = 0; i < 2_000; i++)
        {
            var bytes = System.Security.Cryptography.RandomNumberGenerator.GetBytes(16);
            Assert.Null(SecretStrength.Weakness(Convert.ToHexStringLower(bytes)));
            Assert.Null(SecretStrength.Weakness(Convert.ToBase64String(bytes)));
        }
    }
}
