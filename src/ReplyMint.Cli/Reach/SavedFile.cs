namespace ReplyMint.Cli.Reach;

/// <summary>A file that comes of a command: for its user alone, and under its name only once all of it is on the disk.</summary>
internal sealed class SavedFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;
    private bool _finished;

    private SavedFile(string path, FileStream file) => (_path, _file) = (path, file);

    /// <exception cref="IOException">There is one of that name already, or it can't be written.</exception>
    public static SavedFile Begin(string path)
    {
        if (Path.Exists(path))
            throw new IOException("There is a file of that name.");
        return new(path, new FileStream(path + ".part", new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }));
    }

    public void Add(ReadOnlyMemory<byte> bytes) => _file.Write(bytes.Span);

    public void Finish()
    {
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(_path + ".part", _path);
        _finished = true;
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!_finished)
            File.Delete(_path + ".part");
    }
}
