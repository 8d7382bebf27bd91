namespace ReplyMint.Storage;

/// <summary>Whether the disk of the data folder has too little room left; asked at most once a second.</summary>
/// <param name="least">Bytes.</param>
internal sealed class DiskSpace(string folder, long least, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private (long At, bool Low)? _last;

    public bool IsLow()
    {
        lock (_lock)
        {
            if (_last is not { } last || time.GetElapsedTime(last.At) >= Fresh)
                _last = last = (time.GetTimestamp(), new DriveInfo(folder).AvailableFreeSpace < least);
            return last.Low;
        }
    }
}
