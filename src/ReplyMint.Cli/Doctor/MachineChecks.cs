using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ReplyMint.Cli.Reach;
using ReplyMint.Security;

namespace ReplyMint.Cli.Doctor;

/// <summary>The machine under the installation: disk, modes, clock, ports.</summary>
internal static class MachineChecks
{
    private const long Little = 1L << 30;
    // The kernel's own bound of what is right is 16 s; a service that reaches its servers stays below one.
    private static readonly TimeSpan MostOff = TimeSpan.FromSeconds(2);
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    /// <summary>What tenants may name. No list is safe, and refuses all that they name: whoever wonders why reads it here.</summary>
    public static Finding Outside(OutsideSettings outside) => Finding.Ok("outside", outside.Allow.Count == 0
        ? "outside.allow is not set: no webhook, mail account or web page of a tenant is called"
        : $"tenants may name {string.Join(", ", outside.Allow)}{(outside.Networks.Count == 0 ? ", of the public internet" : $", of the public internet and of {string.Join(", ", outside.Networks)}")}");

    public static IEnumerable<Finding> Disk(string data, int least)
    {
        var existing = data;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            existing = parent;
        var free = new DriveInfo(existing).AvailableFreeSpace;
        var text = $"{free >> 20} MB free for {data}";
        yield return free < (long)least << 20 ? Finding.Fail("disk", text, $"free some space: below {least} MB (inbound.minFreeMegabytes) no mail is taken")
            : free < Little ? Finding.Warn("disk", text, "free some space before it runs out")
            : Finding.Ok("disk", text);

        if (existing != data)
        {
            yield return Writable(existing)
                ? Finding.Ok("data folder", $"{data} is made at the first start")
                : Finding.Fail("data folder", $"{data} can't be made", $"give {existing} to this user, or name another folder with --data");
            yield break;
        }
        yield return Writable(data)
            ? Finding.Ok("data folder", $"{data} can be written")
            : Finding.Fail("data folder", $"{data} can't be written", $"give it to this user: chown -R {Environment.UserName} {data}");
        foreach (var folder in Directory.EnumerateDirectories(data).Prepend(data))
            if ((File.GetUnixFileMode(folder) & Others) != 0)
                yield return Finding.Fail("modes", $"others may look into {folder}", $"chmod 700 {folder}");
    }

    /// <summary>Every rate and every expiry rests on the clock.</summary>
    public static Finding Clock(string data, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var program = Environment.ProcessPath is { } path && File.Exists(path) ? File.GetLastWriteTimeUtc(path) : DateTime.MinValue;
        var written = Folders.HoldsStore(data)
            ? Directory.EnumerateFiles(Path.Combine(data, "db")).Select(File.GetLastWriteTimeUtc).Max() : DateTime.MinValue;
        var latest = new DateTimeOffset(program > written ? program : written, TimeSpan.Zero);
        var shown = now.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        return latest > now + TimeSpan.FromMinutes(5)
            ? Finding.Fail("clock", $"it says {shown}, but files here are from {latest:yyyy-MM-dd HH:mm}", "set the clock and keep it right: timedatectl set-ntp true")
            : Finding.Ok("clock", shown);
    }

    /// <summary>A clock that nothing compares with another one goes wrong by seconds a week, and codes of apps and signatures of providers fail by it.</summary>
    public static Finding ClockKept(ClockReading reading) => reading switch
    {
        { KeptRight: null } => Finding.Ok("clock kept", "not looked at: the kernel does not say here whether something keeps the clock right; ask on the machine itself: timedatectl"),
        { KeptRight: false } => Finding.Warn("clock kept", "nothing keeps the clock right, as far as the kernel knows", "switch on a service that does: timedatectl set-ntp true, or chrony; in a container, on the machine below it"),
        { MostOff: var off } when off > MostOff => Finding.Warn("clock kept", $"it may be off by {Seconds(off)}", "look why the time service reaches no server: timedatectl timesync-status, or chronyc tracking"),
        _ => Finding.Ok("clock kept", $"it is kept right, to {Seconds(reading.MostOff)}"),
    };

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.###} s");

    public static IEnumerable<Finding> Ports(ReplyMintSettings settings, bool serverRuns)
    {
        foreach (var url in settings.Urls)
            if (ListenAddress.Parse(url) is { } address && address.Port != 0)
                yield return Port($"port {address.Port} (HTTP)", Address(address.IsAny ? "*" : address.Host), address.Port, serverRuns, "--urls");
        if (settings.Smtp is { Enabled: true, Port: not 0 } smtp)
            yield return Port($"port {smtp.Port} (SMTP)", Address(smtp.Address), smtp.Port, serverRuns, "--set smtp.port=PORT");
    }

    private static Finding Port(string name, IPAddress address, int port, bool serverRuns, string option)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
            return serverRuns ? Finding.Warn(name, "free, though the server runs", "the server was started with other settings than this command; pass the same ones")
                : Finding.Ok(name, "free");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return serverRuns ? Finding.Ok(name, "taken by the running server")
                : Finding.Fail(name, "taken by another program", $"stop that program (ss -ltnp shows it), or name another port with {option}");
        }
        catch (SocketException e)
        {
            return Finding.Fail(name, $"can't be opened ({e.SocketErrorCode})", $"use an address of this machine; ports below 1024 need CAP_NET_BIND_SERVICE. Name another with {option}");
        }
    }

    private static IPAddress Address(string host) => host switch
    {
        "*" => IPAddress.Any,
        "localhost" => IPAddress.Loopback,
        _ => IPAddress.TryParse(host.Trim('[', ']'), out var address) ? address : IPAddress.Loopback,
    };

    private static bool Writable(string folder)
    {
        var probe = Path.Combine(folder, $".replymint-{Guid.NewGuid():n}");
        try
        {
            File.WriteAllBytes(probe, [1]);
            File.Delete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
