using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using ReplyMint.Inbound;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>
/// Tells an open inbox that a mail came or was decided: that there is something new, never what. A stream ends after a minute and the
/// browser asks again, so whoever may not read any more hears nothing more.
/// </summary>
internal static class LivePages
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapPages(Permission.MessagesRead);
        read.ShowUnattended("/live", StreamAsync);
        read.ShowUnattended("/live/now", async call => await SayAsync(call, await NowAsync(call)));
    }

    private static async Task StreamAsync(PageCall call)
    {
        // A function listens on no port, and answers when it is done: there the script asks now and then (204 ends a stream for good).
        if (call.Context.Connection.LocalPort == 0)
        {
            call.Context.Response.StatusCode = 204;
            return;
        }
        var time = call.Get<TimeProvider>();
        // A server that ends waits for nobody who only listens.
        using var over = CancellationTokenSource.CreateLinkedTokenSource(call.Stop, call.Get<IHostApplicationLifetime>().ApplicationStopping);
        using var timer = new PeriodicTimer(Look, time);
        var (begun, before) = (time.GetTimestamp(), await NowAsync(call));
        call.Context.Response.ContentType = "text/event-stream";
        try
        {
            await SayAsync(call, "retry: 3000\n\n");
            while (time.GetElapsedTime(begun) < Life && await timer.WaitForNextTickAsync(over.Token))
                if (await NowAsync(call) is var now && now != before)
                {
                    before = now;
                    await SayAsync(call, "event: inbox\ndata: new\n\n");
                }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // Whoever listened has gone, or the server goes.
        }
    }

    private static async Task SayAsync(PageCall call, string said)
    {
        var answer = call.Context.Response;
        answer.ContentType ??= "text/plain; charset=utf-8";
        await answer.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(said), call.Stop);
        await answer.Body.FlushAsync(call.Stop);
    }

    /// <summary>Which mail is the newest that the reader may see, and what became of it.</summary>
    private static async Task<string> NowAsync(PageCall call) =>
        (await call.Get<Messages>().ListRecordsAsync(call.Caller.Tenant, record => call.Caller.Sees(record.Mailbox), 1, null, call.Stop)).Records is [var newest] ? $"{newest.Id} {newest.State}" : "";
}
