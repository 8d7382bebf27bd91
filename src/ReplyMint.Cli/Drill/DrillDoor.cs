using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Cli.Demo;
using ReplyMint.Inbound;
using ReplyMint.Jobs;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Drill;

/// <summary>What a drill does as others would: people who sign in, programs with keys, servers that hand mail over; each at the front door.</summary>
internal sealed class DrillDoor(ServerProcess server, string data) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly HttpClient _http = new(OutsideHttp.Handler(OutsideAddress.Named(new Uri(server.Url)))) { BaseAddress = new Uri(server.Url) };
    private int _mails;

    public string Tenant { get; private set; } = "";

    public T Get<T>() where T : notnull => server.Services.GetRequiredService<T>();

    public void Dispose() => _http.Dispose();

    /// <summary>A shop whose mailbox answers by itself.</summary>
    public async Task FillAsync(CancellationToken ct)
    {
        await new DemoRun(server.Services, server.SmtpPort).FillAsync(ct);
        Tenant = (await Get<Tenants>().ListAsync(ct))[0].Id;
    }

    /// <summary>An administrator of the shop; returns the id.</summary>
    public async Task<User> PersonAsync(string address, CancellationToken ct) => await Get<IStore>().RetryAsync(async (commit, token) =>
    {
        var user = await Get<Users>().EnsureAsync(commit, address, "", token);
        await Get<Members>().SetAsync(commit, Tenant, user.Id, Role.Admin, null, Actor.Machine, token);
        return user;
    }, ct);

    public async Task<(string Id, string Text)> KeyAsync(CancellationToken ct)
    {
        var made = await Get<ApiKeys>().CreateAsync(Tenant, new ApiKeyWish { Name = "drill", Scopes = [Permission.MessagesRead.Name(), Permission.MessagesWrite.Name()] }, Actor.Machine.Id, Actor.Machine, ct);
        return (made.Key!.Id, made.Text!);
    }

    /// <summary>Null when the person can't come in.</summary>
    public async Task<string?> SignInAsync(User user, CancellationToken ct) => await LinkAsync(user, ct) is { } link ? await SignInAsync(link, ct) : null;

    public async Task<(string Token, string Verifier)?> LinkAsync(User user, CancellationToken ct) => await Get<SignInDesk>().MakeAsync(user, Tenant, Actor.Machine, ct);

    public async Task<string?> SignInAsync((string Token, string Verifier) link, CancellationToken ct)
    {
        using var body = new StringContent(new JsonObject { ["token"] = link.Token, ["verifier"] = link.Verifier }.ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri($"{RouteGroups.ApiRoot}/sign-in/complete", UriKind.Relative), body, ct);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))!["accessToken"]!.GetValue<string>() : null;
    }

    /// <summary>The status of a read with a token or key.</summary>
    public async Task<int> ReadAsync(string? token, string? key, CancellationToken ct) => (int)(await SendAsync(HttpMethod.Get, "me", token, key, null, ct)).Status;

    /// <summary>Status and type of the problem of a write with a key.</summary>
    public async Task<(HttpStatusCode Status, string Type)> WriteAsync(string key, CancellationToken ct) =>
        await SendAsync(HttpMethod.Post, "messages", null, key, new JsonObject { ["from"] = "drill@customer.example", ["to"] = DemoMail.Recipient, ["subject"] = "drill", ["text"] = "drill" }, ct);

    /// <summary>Hands a question over; returns the listener's reply and the message, when there is one.</summary>
    public async Task<(string Reply, string? Message)> MailAsync(CancellationToken ct)
    {
        // Each from somebody else: one person gets one answer in ten minutes.
        var guest = $"guest{++_mails}";
        var mail = Encoding.UTF8.GetString(DemoMail.All[0].Bytes(Get<TimeProvider>().GetUtcNow())).Replace("anna.berger@", guest + "@", StringComparison.Ordinal).Replace("Message-ID: <", $"Message-ID: <{guest}-", StringComparison.OrdinalIgnoreCase);
        var known = await NewestAsync(ct);
        var reply = await DemoSender.SendAsync(server.SmtpPort, $"{guest}@customer.example", DemoMail.Recipient, Encoding.UTF8.GetBytes(mail), ct);
        var newest = await NewestAsync(ct);
        return (reply, newest == known ? null : newest);
    }

    public bool HasLeft(string message) => File.Exists(Path.Combine(data, "out", message + ".eml"));

    public Task<bool> LeavesAsync(string message, CancellationToken ct) => EventuallyAsync(() => Task.FromResult(HasLeft(message)), ct);

    /// <summary>It waits behind a switch: undecided, or held.</summary>
    public Task<bool> WaitsAsync(string message, CancellationToken ct) => EventuallyAsync(async () =>
        (await Get<Messages>().FindAsync(Tenant, message, ct))?.Record.State is MessageState.Held or MessageState.Received && !await IsAtWorkAsync(message, ct), ct);

    public static async Task<bool> EventuallyAsync(Func<Task<bool>> look, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        using var timer = new PeriodicTimer(Look);
        try
        {
            do
            {
                if (await look())
                    return true;
            }
            while (await timer.WaitForNextTickAsync(patience.Token));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Out of patience.
        }
        return false;
    }

    private async Task<bool> IsAtWorkAsync(string message, CancellationToken ct)
    {
        await foreach (var (job, _) in JobQueue.AllAsync(Get<IStore>(), ct))
            if (job.Target == message && job.Kind == Inbox.JobKind)
                return true;
        return false;
    }

    private async Task<string?> NewestAsync(CancellationToken ct) => (await Get<Messages>().ListAsync(Tenant, 1, null, ct)).Messages is [var newest] ? newest.Id : null;

    private async Task<(HttpStatusCode Status, string Type)> SendAsync(HttpMethod method, string path, string? token, string? key, JsonObject? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, new Uri($"{RouteGroups.ApiRoot}/{path}", UriKind.Relative));
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (key is not null)
            request.Headers.Add(CallerFinder.KeyHeader, key);
        using var answer = await _http.SendAsync(request, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        return (answer.StatusCode, answer.IsSuccessStatusCode || text.Length == 0 ? "" : (string?)JsonNode.Parse(text)!["type"] ?? "");
    }
}
