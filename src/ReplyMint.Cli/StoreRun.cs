using System.CommandLine;
using ReplyMint.Cli.Commands;
using ReplyMint.Cli.Reach;
using ReplyMint.Storage;

namespace ReplyMint.Cli;

/// <summary>How a store command is run from a command line: by the server that owns the store, or here under the lock; on a shared store always here.</summary>
internal static class StoreRun
{
    /// <summary>How long a command waits for another one that holds the lock.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<int> ActAsync(StoreCommand command, ParseResult parse, CommandHost host, CancellationToken ct)
    {
        if (command.WithoutStore?.Invoke(parse, host, ct) is { } alone)
            return await alone;
        if (SettingsOfCommand.Read(parse, host) is not { } settings)
            return ExitCode.Usage;
        var data = settings.Data;
        if (settings.Store != StoreKind.Embedded)
        {
            // Only what is made anew lies there, such as an index.
            data ??= new Folders(host).Data;
        }
        else if (data is null)
        {
            (data, var which) = new Folders(host).ForCommand();
            host.Error.WriteLine($"(using {which})");
        }
        return await ActAsync(command, parse, settings with { Data = data }, host, ct);
    }

    /// <summary>With settings that name the data folder.</summary>
    public static async Task<int> ActAsync(StoreCommand command, ParseResult parse, ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        var data = settings.Data!;
        IReadOnlyList<ForwardedFile> files;
        try
        {
            files = command.ReadFiles is { } read ? await read(parse, host, ct) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return host.Fail(e.Message);
        }

        SavedFile? saved = null;
        if (command.SavesTo?.Invoke(parse) is { } named && host.Full(named) is var path)
            try
            {
                saved = SavedFile.Begin(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return host.Fail(Path.Exists(path) ? $"{Plain.Line(path, 200)} is there already, and nothing is written over; name another file with --out, or remove it"
                    : $"{Plain.Line(path, 200)} can't be written ({(e is DirectoryNotFoundException ? "there is no such folder" : e.GetType().Name)}); name another file with --out");
            }
        using (saved)
        {
            var code = await RunAsync(command, parse, settings, data, files, saved, host, ct);
            if (code == ExitCode.Ok)
                saved?.Finish();
            return code;
        }
    }

    private static async Task<int> RunAsync(
        StoreCommand command, ParseResult parse, ReplyMintSettings settings, string data, IReadOnlyList<ForwardedFile> files, SavedFile? saved, CommandHost host, CancellationToken ct)
    {
        if (settings.Store != StoreKind.Embedded)
            return await SharedAsync(command, settings, parse, files, saved, host, ct);
        if (await ForwardAsync(data, parse, files, host, saved, ct) is { } forwarded)
            return forwarded;
        // Half of a restore is no store either, but who opens it is told so.
        if (!command.MakesStore && !Folders.HoldsStore(data) && !File.Exists(Path.Combine(data, DataFolder.UnfinishedName)))
            return host.Fail($"there is no store in {data}; start a server there (replymint serve), make a tenant (replymint tenant add NAME), or name another folder with --data");
        StoreLock? taken;
        try
        {
            taken = await StoreLock.TakeAsync(data, Patience, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return host.Fail($"the data folder {data} can't be written; check its owner and mode, or name another one with --data");
        }
        if (taken is null)
            // The one that had the lock may have been a server on its way up.
            return await ForwardAsync(data, parse, files, host, saved, ct) ?? host.Fail(StoreLock.Held(data));
        using (taken)
            return await HereAsync(command, settings, parse, files, saved, host, ct);
    }

    /// <summary>A shared store is opened beside its servers.</summary>
    private static async Task<int> SharedAsync(
        StoreCommand command, ReplyMintSettings settings, ParseResult parse, IReadOnlyList<ForwardedFile> files, SavedFile? saved, CommandHost host, CancellationToken ct)
    {
        try
        {
            if (!command.MakesStore && !await Installation.HoldsSharedAsync(settings, host, ct))
                return host.Fail($"there is no store in the tables {settings.Aws.TablePrefix}*; start a server on them, make a tenant (replymint tenant add NAME), or name others with --set aws.tablePrefix=PREFIX");
        }
        catch (RefusedException e)
        {
            return host.Fail(e.Message);
        }
        return await HereAsync(command, settings, parse, files, saved, host, ct);
    }

    /// <summary>Runs a store command for another command; nothing of it is shown.</summary>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="heard">Hears of each line of its output while it runs.</param>
    public static async Task<(int Code, string Output, string Error)> AskAsync(ReplyMintSettings settings, CommandHost host, IReadOnlyList<string> arguments, CancellationToken ct, string input = "", Action<string>? heard = null)
    {
        using TextWriter output = heard is null ? new StringWriter() : new HeardLines(heard);
        using var error = new StringWriter();
        using var reader = new StringReader(input);
        var asking = host with { Out = output, Error = error, In = reader, Arguments = arguments };
        var parse = CommandTree.Build(asking).Parse(arguments);
        var code = await ActAsync((StoreCommand)parse.CommandResult.Command, parse, settings, asking, ct);
        return (code, output.ToString()!, error.ToString().Trim().Replace("replymint: ", "", StringComparison.Ordinal));
    }

    /// <summary>The body with its boundary: whatever it throws becomes one line and a status.</summary>
    public static async Task<int> BodyAsync(StoreCommand command, CommandContext context, ParseResult parse, CancellationToken ct)
    {
        try
        {
            return await command.Body(context, parse, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Who pressed a key knows why; who sits at another terminal than the server does not.
            return context.InServer ? context.Fail("the server is ending, and the command ended with it; run it again once a server is up, or without one") : ExitCode.Failed;
        }
        catch (WrongException e)
        {
            return context.Fail(e.Message);
        }
        catch (Exception e)
        {
            return context.Fail($"the command failed unexpectedly: {e.Message} ({e.GetType().Name})");
        }
    }

    private static async Task<int?> ForwardAsync(string data, ParseResult parse, IReadOnlyList<ForwardedFile> files, CommandHost host, SavedFile? saved, CancellationToken ct)
    {
        using var client = ControlClient.Connect(data);
        return client is null ? null : await client.RunAsync(host.Arguments, files, host, saved, ct);
    }

    private static async Task<int> HereAsync(
        StoreCommand command, ReplyMintSettings settings, ParseResult parse, IReadOnlyList<ForwardedFile> files, SavedFile? saved, CommandHost host, CancellationToken ct)
    {
        OpenedStore store;
        try
        {
            store = await host.Open(settings, ct);
        }
        catch (RefusedException e)
        {
            return host.Fail(e.Message);
        }
        await using (store)
            return store.IsRestored && !command.OpensRestored ? host.Fail(Installation.Restored) : await BodyAsync(command, new()
            {
                Services = store.Services, Out = host.Out, Error = host.Error, Files = files, Confirm = host.ConfirmAsync, InServer = false,
                Save = bytes => saved?.Add(bytes),
            }, parse, ct);
    }
}
