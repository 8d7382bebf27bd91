using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ReplyMint.Storage;

/// <summary>A renamed or new file is durable only once its folder is; .NET opens no folders, so libc is asked (POSIX fsync).</summary>
internal static partial class FolderSync
{
    private const int ReadOnly = 0;
    private const uint BeginWrite = 2;

    public static void Sync(string folder)
    {
        var descriptor = Open(folder, ReadOnly);
        if (descriptor < 0)
            throw new IOException($"The folder {folder} can't be opened (errno {Marshal.GetLastPInvokeError()}).");
        var result = Fsync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (result != 0)
            throw new IOException($"The folder {folder} can't be synced (errno {error}).");
    }

    /// <summary>Hands what was written to the disk without waiting (sync_file_range): a sync that comes later waits less. Only a hint.</summary>
    public static void Begin(SafeFileHandle file, long length) => _ = SyncFileRange(file, 0, length, BeginWrite);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
