using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ReplyMint.Security;

/// <summary>Whether a file with a secret is ours alone. Asked of the open file, so that it can't be exchanged in between.</summary>
internal static partial class FileGuard
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    /// <summary>Forbidden bits of a file that only its owner may touch.</summary>
    public const UnixFileMode PrivateFile = Group | Others;

    /// <summary>Forbidden bits of a file that its group may read, too.</summary>
    public const UnixFileMode GroupMayRead = UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | Others;

    /// <returns>What is wrong and how to mend it, or null. Windows has no such modes; there the folder's rights must do.</returns>
    public static string? Problem(SafeFileHandle file, string path, UnixFileMode forbidden)
    {
        if (OperatingSystem.IsWindows())
            return null;
        var mode = File.GetUnixFileMode(file);
        if ((mode & forbidden) != 0)
            return $"{path} can be read or changed by others (mode {Octal(mode)}). Mend it with: chmod 600 {path}";
        return OperatingSystem.IsLinux() && Owner(file) is var owner && owner != 0 && owner != geteuid()
            ? $"{path} belongs to another user (uid {owner}). It must belong to the user that ReplyMint runs as, or to root."
            : null;
    }

    /// <summary>Whether it is a plain file: no link, pipe or device. Where nobody can be asked, each is taken for one.</summary>
    public static bool IsRegular(string path)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        const int here = -100;
        const int noFollow = 0x100;
        const uint wantType = 0x1;
        const int modeOffset = 28;
        const int typeBits = 0xF000;
        const int regular = 0x8000;
        Span<byte> buffer = stackalloc byte[256];
        return statx(here, path, noFollow, wantType, buffer) == 0 && (MemoryMarshal.Read<ushort>(buffer[modeOffset..]) & typeBits) == regular;
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    // .NET tells a file's mode but not its owner; statx has one layout on every architecture (statx(2)).
    private static uint Owner(SafeFileHandle file)
    {
        const int emptyPath = 0x1000;
        const uint wantUid = 0x8;
        const int uidOffset = 20;
        Span<byte> buffer = stackalloc byte[256];
        if (statx(file, "", emptyPath, wantUid, buffer) != 0)
            throw new IOException("The owner of a file can't be asked for.");
        return MemoryMarshal.Read<uint>(buffer[uidOffset..]);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int statx(SafeFileHandle folder, string path, int flags, uint mask, Span<byte> result);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int statx(int folder, string path, int flags, uint mask, Span<byte> result);

    [LibraryImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint geteuid();
}
