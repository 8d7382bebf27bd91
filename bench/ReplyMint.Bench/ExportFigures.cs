using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Privacy;

namespace ReplyMint.Bench;

/// <summary>All of a tenant into one file: messages a second, and what it takes of memory.</summary>
internal static class ExportFigures
{
    private const int Mails = 12_000;
    private const int Million = 1_000_000;
    private const int Connections = 16;
    private const int Mega = 1024 * 1024;

    public static async Task TenantAsync(Installations installations, Table table, bool full)
    {
        var folder = await installations.MakeAsync(MailboxMode.Automatic);
        if (!full)
        {
            using var server = await installations.ServeAsync(folder);
            await MailFigures.SendAsync(server.SmtpPort, Connections, Mails);
            await MailFigures.AnsweredAsync(installations.OutFolder(folder), Mails);
        }
        await using var opened = await Installations.OpenAsync(folder);
        var tenant = (await opened.Services.GetRequiredService<Tenants>().ListAsync(default))[0].Id;
        var exporter = opened.Services.GetRequiredService<Exporter>();
        // A million is past the days for which mails are kept as they came. Of few, once for the keys' and the compiler's sake.
        if (full)
            await StoredMails.FillAsync(opened.Services, tenant, Million, "anna@customer.example", 1_000);
        else
            await exporter.TenantAsync(Stream.Null, tenant, static _ => { }, default);
        GC.Collect();
        var (before, peak, messages) = (GC.GetTotalMemory(forceFullCollection: true), 0L, 0L);
        var file = Path.Combine(folder, "export.zip");
        var start = Stopwatch.GetTimestamp();
        await using (var to = File.Create(file))
            await exporter.TenantAsync(to, tenant, progress =>
            {
                messages = progress.Messages;
                peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
            }, default);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        table.Add(full ? "export of a tenant with 1,000,000 mails: records, texts and answers" : "export of a tenant: records, mails and answers", $"{messages / seconds:N0} messages/s", "over 5,000", messages / seconds > 5_000, $"{new FileInfo(file).Length / Mega:N0} MB of file; in this process, not native");
        table.Add("  memory beside what was there, at most", $"{Math.Max(0, peak - before) / Mega:N0} MB");
    }
}
