using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ReplyMint.Security;

namespace ReplyMint.Tests.Product;

/// <summary>Whatever is sent to a route by somebody who may call it: never a 5xx, never a hang (INPUT-1, NET-4).</summary>
public sealed class HostileInputTests : IAsyncLifetime
{
    private ProductHost _host = null!;
    private ApiDocument _document = null!;
    private HttpClient _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ProductHost.StartAsync(settings: OneOfEach.Settings);
        _document = await ApiDocument.ReadAsync(_host);
        _admin = await _host.ClientAsync(Role.Admin);
    }

    public ValueTask DisposeAsync()
    {
        _admin.Dispose();
        return _host.DisposeAsync();
    }

    private IEnumerable<ApiOperation> Admins => _document.Guarded.Where(operation => Permissions.Of(Role.Admin).Has(operation.Permission!.Value));

    private IEnumerable<ApiOperation> Bodied => Admins.Where(operation => operation.MediaType == "application/json");

    private async Task<(int Status, string Text)> SendAsync(ApiOperation operation, HttpContent body, string id, string? version = null)
    {
        using var request = operation.Request(id, body);
        if (version is not null)
        {
            request.Headers.IfMatch.Clear();
            request.Headers.IfMatch.Add(EntityTagHeaderValue.Parse(version));
        }
        using var answer = await _admin.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static ByteArrayContent Json(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static StringContent Json(JsonNode node) => new(node.ToJsonString(), Encoding.UTF8, "application/json");

    /// <summary>JSON that must be refused (n_), accepted (y_) or may be either (i_): none of it has the members that the route wants.</summary>
    [Fact]
    public async Task All_of_the_public_JSON_vectors_are_refused_in_order()
    {
        var files = Directory.GetFiles(SharedData.Folder("vectors/json/test_parsing"), "*.json");
        Assert.Equal(318, files.Length);
        var routes = Bodied.Where(operation => operation.Method == HttpMethod.Post && operation.Described["requestBody"]!["required"]?.GetValue<bool>() == true).ToArray();
        Assert.NotEmpty(routes);
        var wrong = new List<string>();
        for (var i = 0; i < files.Length; i++)
        {
            var (status, text) = await SendAsync(routes[i % routes.Length], Json(await File.ReadAllBytesAsync(files[i])), _host.Mailbox.Id);
            // What is no JSON or has not the route's members is 400; where all members may be absent, an empty object is fine, and its id is that of nothing.
            var fine = Path.GetFileName(files[i])[0] == 'n' ? status == 400 : status is 400 or 404;
            if (!fine)
                wrong.Add($"{Path.GetFileName(files[i])} to {routes[i % routes.Length]}: {status} {text}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Deep_and_huge_JSON_is_refused_by_every_route()
    {
        byte[][] bodies =
        [
            Encoding.UTF8.GetBytes(new string('[', 100_000)),
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 20_000)) + "1" + new string('}', 20_000)),
            Encoding.UTF8.GetBytes("{\"text\":1" + new string('0', 100_000) + "}"),
            "{\"text\":1e999999999}"u8.ToArray(),
            Encoding.UTF8.GetBytes("{" + string.Join(",", Enumerable.Range(0, 50_000).Select(i => $"\"m{i}\":{i}")) + "}"),
            Encoding.UTF8.GetBytes("{\"" + new string('a', 500_000) + "\":1}"),
            [.. "{\"text\":\""u8, 0xC3, 0x28, 0xFF, .. "\"}"u8],
            "{\"text\":\"\\ud800\"}"u8.ToArray(),
            "[]"u8.ToArray(), "null"u8.ToArray(), "\"a\""u8.ToArray(), "1"u8.ToArray(), " "u8.ToArray(), [],
        ];
        var wrong = new List<string>();
        foreach (var operation in Bodied)
            foreach (var body in bodies)
                if (await SendAsync(operation, Json(body), "x0") is var (status, text) && status != 400)
                    wrong.Add($"{operation} with {Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 20)))}...: {status} {text}");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Each text that a request may hold, found by the description: what is taken comes back as it was.</summary>
    [Fact]
    public async Task Naughty_strings_come_back_unharmed_or_are_refused_with_400()
    {
        var strings = JsonSerializer.Deserialize<string[]>(await File.ReadAllTextAsync(Path.Combine(SharedData.Folder("vectors/json"), "naughty-strings.json")))!;
        var things = await OneOfEach.MakeAsync(_host, _admin);
        // What ends a draft comes last.
        var fields = Bodied.OrderBy(operation => operation.Path.EndsWith("/approve", StringComparison.Ordinal))
            .SelectMany(operation => Texts(operation.Described["requestBody"]!["content"]!["application/json"]!["schema"]!, []).Select(path => (Operation: operation, Path: path))).ToArray();
        Assert.True(fields.Length > 10);
        var wrong = new List<string>();
        int taken = 0, compared = 0, turn = 0;
        foreach (var (operation, path) in fields)
            // All strings meet all fields over time; in one run each field meets every fourth.
            for (var i = turn++ % 4; i < strings.Length; i += 4)
            {
                var (id, name) = (things.GetValueOrDefault(operation.Kind, "x0"), $"{operation} {string.Join('.', path)} {JsonSerializer.Serialize(strings[i])}");
                var body = operation.Example!.DeepClone();
                Set(body, path, strings[i]);
                var (status, text) = await SendAsync(operation, Json(body), id, await VersionAsync(operation, id));
                if (status is >= 500 or 413)
                    wrong.Add($"{name}: {status} {text}");
                if (status is < 200 or > 299)
                    continue;
                taken++;
                // What a person answered himself is kept for the shadow's report; the text that the message shows is the mail's.
                if (operation.Path.EndsWith("/own-answer", StringComparison.Ordinal))
                    continue;
                if (Shown(await ReadBackAsync(operation, id, text), path[^1] == "0" ? path[^2] : path[^1]) is not { Count: > 0 } shown)
                    continue;
                compared++;
                if (!shown.Select(Plain).Contains(Plain(strings[i])))
                    wrong.Add($"{name} came back as {JsonSerializer.Serialize(shown)}");
            }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
        Assert.True(taken > 500 && compared > 500, $"Only {taken} were taken, {compared} came back.");

        // Ends of lines are written one way, and blanks around a text are nobody's.
        static string Plain(string text) => text.ReplaceLineEndings("\n").Trim();
    }

    private async Task<string?> VersionAsync(ApiOperation operation, string id)
    {
        if (operation.Method != HttpMethod.Put)
            return null;
        using var answer = await _admin.GetAsync(new Uri(operation.With(id), UriKind.Relative));
        return answer.Headers.ETag?.ToString();
    }

    /// <summary>What the call answered, and what is shown of the thing afterwards; a new thing is removed again.</summary>
    private async Task<JsonNode> ReadBackAsync(ApiOperation operation, string id, string text)
    {
        var said = text.Length == 0 ? null : JsonNode.Parse(text);
        var thing = operation.HasId ? $"{RouteGroups.ApiRoot}/{operation.Kind}/{id}" : said?["id"] is { } made ? $"{operation.Path}/{made}" : null;
        if (thing is null)
            return new JsonArray(said);
        using var read = await _admin.GetAsync(new Uri(thing, UriKind.Relative));
        var shown = read.IsSuccessStatusCode ? JsonNode.Parse(await read.Content.ReadAsStringAsync()) : null;
        if (!operation.HasId)
            using (await _admin.DeleteAsync(new Uri(thing, UriKind.Relative)))
                return new JsonArray(said, shown);
        return new JsonArray(said, shown);
    }

    /// <summary>All ten megabytes are sent, with a length that is said and without one; the answer arrives whole while we still send.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_of_ten_megabytes_gets_413(bool chunked)
    {
        var answers = await Task.WhenAll(Bodied.Select(async operation => (Operation: operation, Answer: await FloodAsync(operation, chunked))));
        // Where a body may be larger it is read, and is no JSON that fits.
        var wrong = answers.Where(one => Status(one.Answer) is not (413 or 400) || !IsWhole(one.Answer)).Select(one => $"{one.Operation}: {one.Answer}").ToArray();
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
        Assert.True(answers.Count(one => Status(one.Answer) == 413) > 10);
        using var after = await _admin.GetAsync(new Uri("/api/v1/webhooks", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    private async Task<string> FloodAsync(ApiOperation operation, bool chunked)
    {
        const int pieces = 160;
        var piece = new byte[64 * 1024];
        piece.AsSpan().Fill((byte)'a');
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _host.Http.Port, patience.Token);
        await using var stream = client.GetStream();
        using var read = new MemoryStream();
        var (length, start) = chunked ? ("Transfer-Encoding: chunked", "10000\r\n") : ($"Content-Length: {pieces * piece.Length + 1}", "");
        async Task SendAsync()
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{operation.Method} {operation.With("x0")} HTTP/1.1\r\nHost: 127.0.0.1:{_host.Http.Port}\r\nAuthorization: {_admin.DefaultRequestHeaders.Authorization}\r\n"
                + $"Connection: close\r\nContent-Type: application/json\r\nIf-Match: \"1\"\r\n{length}\r\n\r\n{(chunked ? "1\r\n\"\r\n" : "\"")}"), patience.Token);
            for (var i = 0; i < pieces; i++)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(start), patience.Token);
                await stream.WriteAsync(piece, patience.Token);
                await stream.WriteAsync(chunked ? "\r\n"u8.ToArray() : [], patience.Token);
            }
            await stream.WriteAsync(chunked ? "0\r\n\r\n"u8.ToArray() : [], patience.Token);
        }
        var sending = SendAsync();
        try
        {
            await stream.CopyToAsync(read, patience.Token);
            await sending;
        }
        catch (IOException)
        {
            // Closed while we still sent; what came before that counts.
        }
        await sending.ContinueWith(static _ => { }, TaskScheduler.Default);
        return Encoding.UTF8.GetString(read.ToArray());
    }

    /// <summary>Head and body came to their end.</summary>
    private static bool IsWhole(string answer) => answer.Split("\r\n\r\n", 2) is [var head, var body]
        && (head.Split("Content-Length: ") is [_, var rest] ? body.Length == int.Parse(rest.Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture) : body.EndsWith("0\r\n\r\n", StringComparison.Ordinal));

    [Fact]
    public async Task Wrong_methods_bodies_and_queries_are_refused_by_every_route()
    {
        var wrong = new List<string>();
        var many = string.Join('&', Enumerable.Range(0, 500).Select(i => $"a{i}=1"));
        foreach (var path in Admins.GroupBy(operation => operation.Path))
        {
            foreach (var method in (string[])["PATCH", "TRACE", "DELETE", "PUT", "POST", "NONSENSE"])
                if (path.All(operation => operation.Method.Method != method) && Status(await RawAsync($"{method} {path.First().With("x0")} HTTP/1.1", ["Content-Length: 0"])) is var status && status is not (405 or 404))
                    wrong.Add($"{method} {path.Key}: {status}");
            foreach (var operation in path)
            {
                if (Status(await RawAsync($"{operation.Method} {operation.With("x0")}?{many} HTTP/1.1", ["Content-Length: 0"])) is var queried && queried is not (400 or 415 or 428))
                    wrong.Add($"{operation} with 500 parameters: {queried}");
                if (Status(await RawAsync($"{operation.Method} {operation.With("x0")} HTTP/1.1", ["Content-Type: application/json", "If-Match: \"1\"", "Content-Length: 2", "Transfer-Encoding: chunked"], "0\r\n\r\n")) is var twice && twice != 400)
                    wrong.Add($"{operation} with two lengths: {twice}");
                if (operation.MediaType is null && Status(await RawAsync($"{operation.Method} {operation.With("x0")} HTTP/1.1", ["Content-Type: application/json", "If-Match: \"1\"", "Content-Length: 2"], "{}")) is var bodied && bodied is not (400 or 404))
                    wrong.Add($"{operation} with a body: {bodied}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task A_body_that_trickles_is_cut_off_and_keeps_nobody_waiting()
    {
        await using var host = await ProductHost.StartAsync(settings: s => s with { Http = s.Http with { Limits = new() { HeadSeconds = 0.5, KeepAliveSeconds = 0.5, RateGraceSeconds = 1.5, MinBytesPerSecond = 100_000 } } });
        using var admin = await host.ClientAsync(Role.Admin);
        var token = admin.DefaultRequestHeaders.Authorization!.ToString();
        var slow = Enumerable.Range(0, 20).Select(_ => RawAsync("POST /api/v1/webhooks HTTP/1.1", ["Content-Type: application/json", "Content-Length: 1000"], "{\"url\"", host, token)).ToArray();
        using var quick = await admin.GetAsync(new Uri("/api/v1/webhooks", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, quick.StatusCode);
        foreach (var answer in await Task.WhenAll(slow))
            Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answer);
    }

    private static int Status(string answer) => answer.Length > 12 ? int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>Exactly these lines and bytes; the answer as it came. A server that neither answers nor closes within 20 s fails the test.</summary>
    private async Task<string> RawAsync(string line, string[] headers, string body = "", ProductHost? host = null, string? token = null)
    {
        host ??= _host;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Http.Port, patience.Token);
        await using var stream = client.GetStream();
        var head = string.Join("\r\n", [line, $"Host: 127.0.0.1:{host.Http.Port}", $"Authorization: {token ?? _admin.DefaultRequestHeaders.Authorization!.ToString()}", "Connection: close", .. headers, "", ""]);
        using var read = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(head + body), patience.Token);
            await stream.CopyToAsync(read, patience.Token);
        }
        catch (IOException)
        {
            // Closed while we still wrote: what came before counts.
        }
        return Encoding.UTF8.GetString(read.ToArray());
    }

    /// <summary>The paths of all texts without a fixed form.</summary>
    private IEnumerable<string[]> Texts(JsonNode schema, string[] at)
    {
        schema = _document.Schema(schema);
        if (schema["oneOf"] is JsonArray choices)
            schema = _document.Schema(choices.First(choice => choice!["type"]?.ToString() != "null")!);
        if (schema["properties"] is JsonObject members)
            return members.SelectMany(member => Texts(member.Value!, [.. at, member.Key]));
        if (schema["items"] is { } items)
            return Texts(items, [.. at, "0"]);
        var isText = schema["type"] is JsonValue one ? one.ToString() == "string" : schema["type"] is JsonArray several && several.Any(type => type!.ToString() == "string");
        return isText && schema["enum"] is null ? [at] : [];
    }

    private static void Set(JsonNode body, string[] path, string value)
    {
        for (var i = 0; i < path.Length - 1; i++)
            body = path[i] == "0" ? body[0]! : body[path[i]]!;
        if (path[^1] == "0" && body is JsonArray { Count: 0 } empty)
            empty.Add(value);
        else if (path[^1] == "0")
            body[0] = value;
        else
            body[path[^1]] = value;
    }

    private static List<string> Shown(JsonNode answer, string member) => answer switch
    {
        JsonObject value => [.. value.SelectMany(pair => pair.Key == member && pair.Value is JsonValue text ? [text.ToString()] : pair.Key == member && pair.Value is JsonArray words && words.All(word => word is JsonValue) ? [.. words.Select(word => word!.ToString())] : pair.Value is null ? [] : Shown(pair.Value, member))],
        JsonArray list => [.. list.OfType<JsonNode>().SelectMany(inner => Shown(inner, member))],
        _ => [],
    };
}
