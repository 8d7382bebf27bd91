using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Privacy;

namespace ReplyMint.Bench;

/// <summary>One correspondent of many is erased: how long until his key is gone, and until all that it sealed is.</summary>
internal static class EraseFigures
{
    private const int Erased = 1_000;
    private const string Anna = "anna@customer.example";

    public static async Task EraseAsync(Installations installations, Table table, bool full)
    {
        var mails = full ? 1_000_000 : 100_000;
        await using var opened = await Installations.OpenAsync(await installations.MakeAsync(MailboxMode.Off));
        var services = opened.Services;
        var tenant = (await services.GetRequiredService<Tenants>().ListAsync(default))[0].Id;
        var filling = Stopwatch.GetTimestamp();
        await StoredMails.FillAsync(services, tenant, mails, Anna, Erased);
        System.Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ({mails:N0} mails were stored in {Stopwatch.GetElapsedTime(filling).TotalSeconds:N0} s)"));

        var (erasures, work) = (services.GetRequiredService<Erasures>(), services.GetRequiredService<ErasureWork>());
        var start = Stopwatch.GetTimestamp();
        var erasure = ((ErasureStart.Started)await erasures.CorrespondentAsync(tenant, Anna, Actor.Machine, default)).Erasure;
        var unreadable = Stopwatch.GetElapsedTime(start);
        // The search through all that is others' is another figure: it opens every mail there is.
        while (await work.RunAsync(tenant, erasure.Id, default) is { Progress: not Progress.Done } progress && progress.Erasure.Step < ErasureStep.Scan)
        {
            // Each look does the next piece.
        }
        var gone = Stopwatch.GetElapsedTime(start);
        var counts = await services.GetRequiredService<ErasureCounts>().ReadAsync(erasure, default);
        if (counts["message"] != Erased)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{counts["message"]} mails were erased instead of {Erased}."));
        table.Add(string.Create(CultureInfo.InvariantCulture, $"erase a correspondent of {Erased:N0} mails among {mails:N0}"), $"{gone.TotalSeconds:N2} s", "under 2 s", gone.TotalSeconds < 2);
        table.Add("  until nothing of it can be read", $"{unreadable.TotalMilliseconds:N0} ms");
        var searching = Stopwatch.GetTimestamp();
        while (await work.RunAsync(tenant, erasure.Id, default) is { Progress: not Progress.Done })
        {
            // As above.
        }
        table.Add("  search for the address in all others' mails, afterwards", $"{(mails - Erased) / Stopwatch.GetElapsedTime(searching).TotalSeconds:N0} mails/s");
    }
}
