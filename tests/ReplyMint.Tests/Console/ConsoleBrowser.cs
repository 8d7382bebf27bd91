using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using ReplyMint.Tests.Storage;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>
/// A real Chromium, spoken to by its own protocol: pages are loaded, looked at and pressed as a person does it, with or without a
/// script. Debian's package is all that it needs; without it tests are skipped, and in the pipeline they fail.
/// </summary>
internal sealed class ConsoleBrowser : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Process _process;
    private string _session = "";
    private int _last;

    private ConsoleBrowser(Process process, TemporaryFolder folder) => (_process, _folder) = (process, folder);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string? Program => ((string[])["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]).FirstOrDefault(File.Exists);

    /// <param name="scripts">False runs no script, as some people's browsers do.</param>
    public static async Task<ConsoleBrowser> StartAsync(bool scripts = true)
    {
        if (Program is null && Environment.GetEnvironmentVariable("CI") is null)
            Assert.Skip("There is no Chromium here; install the package chromium.");
        var folder = new TemporaryFolder();
        var process = Process.Start(new ProcessStartInfo(Program!,
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--hide-scrollbars", "--force-color-profile=srgb", "--lang=en-GB", "--remote-debugging-port=0", "--user-data-dir=" + folder.Path, "about:blank",
        ]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var browser = new ConsoleBrowser(process, folder);
        try
        {
            string? line;
            do
                line = await process.StandardError.ReadLineAsync(Ct) ?? throw new IOException("Chromium ended.");
            while (!line.StartsWith("DevTools listening on ", StringComparison.Ordinal));
            _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
            await browser._socket.ConnectAsync(new Uri(line["DevTools listening on ".Length..]), Ct);
            var target = await browser.AskAsync("Target.createTarget", new() { ["url"] = "about:blank" });
            browser._session = (string)(await browser.AskAsync("Target.attachToTarget", new() { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true }))["sessionId"]!;
            await browser.AskAsync("Page.enable");
            await browser.AskAsync("DOM.enable");
            // As if its window were the one in front.
            await browser.AskAsync("Emulation.setFocusEmulationEnabled", new() { ["enabled"] = true });
            if (!scripts)
                await browser.AskAsync("Emulation.setScriptExecutionDisabled", new() { ["value"] = true });
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    public async Task OpenAsync(Uri address)
    {
        await AskAsync("Page.navigate", new() { ["url"] = address.AbsoluteUri });
        await SeeAsync("body");
    }

    /// <summary>Comes in as somebody who has just signed in and proved his second factor.</summary>
    public async Task ComeInAsync(ProductHost host, Role role = Role.Admin)
    {
        using var client = await ConsoleClient.SignedInAsync(host, role, factor: true);
        foreach (var (name, value) in client.Cookies)
            await AskAsync("Network.setCookie", new() { ["url"] = host.Http.AbsoluteUri, ["name"] = name, ["value"] = value, ["path"] = "/", ["secure"] = true, ["httpOnly"] = true, ["sameSite"] = "Strict" });
    }

    /// <summary>Whether it is there now; between two pages nothing is.</summary>
    public async Task<bool> HasAsync(string selector) => await FindAsync(selector) > 0;

    /// <summary>Types where the keys go, as if it were pasted.</summary>
    public Task TypeHereAsync(string text) => AskAsync("Input.insertText", new() { ["text"] = text });

    /// <summary>Runs before each page's own scripts.</summary>
    public Task PrepareAsync(string script) => AskAsync("Page.addScriptToEvaluateOnNewDocument", new() { ["source"] = script });

    /// <summary>Waits until something is on the page.</summary>
    public Task SeeAsync(string selector) => ProductHost.EventuallyAsync(async () => await FindAsync(selector) is > 0 ? "there" : null);

    /// <summary>Waits until the page says something.</summary>
    public Task ReadAsync(string text) => ProductHost.EventuallyAsync(async () => (await HtmlAsync()).Contains(text, StringComparison.Ordinal) ? "said" : null);

    public async Task<string> HtmlAsync()
    {
        try
        {
            var root = (await AskAsync("DOM.getDocument"))["root"]!["nodeId"]!.GetValue<int>();
            return (string)(await AskAsync("DOM.getOuterHTML", new() { ["nodeId"] = root }))["outerHTML"]!;
        }
        catch (InvalidOperationException)
        {
            // Between two pages.
            return "";
        }
    }

    /// <summary>Presses with the mouse, in the middle of it.</summary>
    public async Task ClickAsync(string selector)
    {
        // A style that comes a moment later moves it.
        double[] before = [];
        var quad = await ProductHost.EventuallyAsync(async () =>
        {
            var (was, now) = (before, await PlaceAsync(selector) ?? []);
            before = now;
            return now.Length > 0 && now.SequenceEqual(was) ? now : null;
        });
        foreach (var type in (string[])["mousePressed", "mouseReleased"])
            await AskAsync("Input.dispatchMouseEvent", new() { ["type"] = type, ["x"] = (quad[0] + quad[4]) / 2, ["y"] = (quad[1] + quad[5]) / 2, ["button"] = "left", ["clickCount"] = 1 });
    }

    /// <summary>Types into what is there, in place of what it says.</summary>
    public async Task TypeAsync(string selector, string text)
    {
        await ClickAsync(selector);
        await KeyAsync("a", modifiers: 2);
        await AskAsync("Input.insertText", new() { ["text"] = text });
    }

    public async Task KeyAsync(string key, int modifiers = 0)
    {
        var code = key switch { "Enter" => 13, "Tab" => 9, " " => 32, _ => char.ToUpperInvariant(key[0]) };
        var down = new JsonObject { ["type"] = "keyDown", ["key"] = key, ["windowsVirtualKeyCode"] = code, ["modifiers"] = modifiers };
        if (modifiers == 0 && key != "Tab")
            down["text"] = key == "Enter" ? "\r" : key;
        if (modifiers == 2 && key == "a")
            down["commands"] = new JsonArray("selectAll");
        await AskAsync("Input.dispatchKeyEvent", down);
        await AskAsync("Input.dispatchKeyEvent", new() { ["type"] = "keyUp", ["key"] = key, ["windowsVirtualKeyCode"] = code, ["modifiers"] = modifiers });
    }

    /// <summary>What an expression gives; a promise is waited for.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await AskAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return answer["exceptionDetails"] is { } failed ? throw new InvalidOperationException(failed.ToJsonString()) : answer["result"]!["value"]?.DeepClone();
    }

    /// <summary>How wide the window is, and which of the two themes its owner likes.</summary>
    public async Task LookAsync(int width, bool dark)
    {
        await AskAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = width < 500 });
        await AskAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" },
            // Colours change at once, so that none is caught on its way.
            new JsonObject { ["name"] = "prefers-reduced-motion", ["value"] = "reduce" }) });
    }

    /// <summary>A device of this browser that makes passkeys and knows its owner's finger; gives its id.</summary>
    public async Task<string> AuthenticatorAsync()
    {
        await AskAsync("WebAuthn.enable");
        return (string)(await AskAsync("WebAuthn.addVirtualAuthenticator", new()
        {
            ["options"] = new JsonObject
            {
                ["protocol"] = "ctap2", ["ctap2Version"] = "ctap2_1", ["transport"] = "internal", ["hasResidentKey"] = true, ["hasUserVerification"] = true,
                ["isUserVerified"] = true, ["automaticPresenceSimulation"] = true,
            },
        }))["authenticatorId"]!;
    }

    public async Task PictureAsync(string file)
    {
        var picture = (string)(await AskAsync("Page.captureScreenshot", new() { ["format"] = "png", ["captureBeyondViewport"] = true }))["data"]!;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file, Convert.FromBase64String(picture), Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _one.Dispose();
        _folder.Dispose();
    }

    /// <summary>The corners of what is there, once it is; a page that was just replaced has none.</summary>
    private async Task<double[]?> PlaceAsync(string selector)
    {
        try
        {
            var node = await FindAsync(selector);
            if (node == 0)
                return null;
            await AskAsync("DOM.scrollIntoViewIfNeeded", new() { ["nodeId"] = node });
            return [.. (await AskAsync("DOM.getContentQuads", new() { ["nodeId"] = node }))["quads"]![0]!.AsArray().Select(at => at!.GetValue<double>())];
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private async Task<int> FindAsync(string selector)
    {
        try
        {
            var root = (await AskAsync("DOM.getDocument", new() { ["depth"] = 0 }))["root"]!["nodeId"]!.GetValue<int>();
            return (await AskAsync("DOM.querySelector", new() { ["nodeId"] = root, ["selector"] = selector }))["nodeId"]!.GetValue<int>();
        }
        catch (InvalidOperationException)
        {
            // Between two pages.
            return 0;
        }
    }

    public async Task<JsonNode> AskAsync(string method, JsonObject? with = null)
    {
        await _one.WaitAsync(Ct);
        try
        {
            var id = ++_last;
            var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = with ?? [] };
            if (_session.Length > 0)
                call["sessionId"] = _session;
            await _socket.SendAsync(Encoding.UTF8.GetBytes(call.ToJsonString()), WebSocketMessageType.Text, true, Ct);
            while (true)
            {
                var said = JsonNode.Parse(await ReceiveAsync())!;
                if (said["id"]?.GetValue<int>() == id)
                    return said["error"] is { } error ? throw new InvalidOperationException($"{method}: {error.ToJsonString()}") : said["result"]!;
            }
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<byte[]> ReceiveAsync()
    {
        using var whole = new MemoryStream();
        var part = new byte[64 * 1024];
        WebSocketReceiveResult got;
        do
        {
            got = await _socket.ReceiveAsync(part, Ct);
            whole.Write(part, 0, got.Count);
        }
        while (!got.EndOfMessage);
        return whole.ToArray();
    }
}
