using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Knowledge;
using ReplyMint.Storage;

namespace ReplyMint.Bench;

/// <summary>A tenant's sealed index: opened from its file, as each start does, beside reading that file's bytes and beside making it anew.</summary>
internal static class IndexFigures
{
    private const int Passages = 10_000;
    private const int Times = 9;

    public static async Task OpenAsync(Installations installations, Table table)
    {
        var folder = await installations.MakeAsync(MailboxMode.Off);
        string tenant;
        double made;
        await using (var open = await Installations.OpenAsync(folder))
        {
            tenant = (await open.Services.GetRequiredService<Tenants>().PageAsync(1, null, default)).Tenants[0].Id;
            var added = await open.Services.GetRequiredService<KnowledgeStore>().AddAsync(tenant, PassageReader.Read("big.jsonl", Entries()), Actor.Machine, default);
            if (added.Passages != Passages)
                throw new InvalidOperationException($"{added.Passages} passages were added: {string.Join(' ', added.Problems)}");
            made = (await OpenAsync(open, tenant)).Milliseconds;
        }
        var file = Path.Combine(folder, "data", "index", tenant);
        double took = double.MaxValue, read = double.MaxValue, searched = double.MaxValue;
        for (var i = 0; i < Times; i++)
        {
            await using var open = await Installations.OpenAsync(folder);
            var (milliseconds, index) = await OpenAsync(open, tenant);
            took = Math.Min(took, milliseconds);
            var start = Stopwatch.GetTimestamp();
            index.Search("Hello,\n\nI hope you are well. Where does number 1234 about river go?\n\nThanks, Anna", 5);
            searched = Math.Min(searched, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            start = Stopwatch.GetTimestamp();
            GC.KeepAlive(await File.ReadAllBytesAsync(file));
            read = Math.Min(read, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        table.Add($"a sealed index of {Passages:N0} passages opened, {new FileInfo(file).Length / 1024.0 / 1024:N1} MB", $"{took:N1} ms", "below 50", took < 50, $"{took / read:N2} × reading the file's bytes; {took / made:N3} × making it anew");
        table.Add("  a mail searched in it, first time", $"{searched:N2} ms");
    }

    private static async Task<(double Milliseconds, KnowledgeIndex Index)> OpenAsync(Installations.Opened open, string tenant)
    {
        var start = Stopwatch.GetTimestamp();
        var index = await open.Services.GetRequiredService<KnowledgeIndexes>().OpenAsync(tenant, default);
        return (Stopwatch.GetElapsedTime(start).TotalMilliseconds, index);
    }

    /// <summary>Entries of some 500 characters from a vocabulary as large as a handbook's.</summary>
    private static byte[] Entries()
    {
        var random = new Random(1);
        string[] words = [.. Enumerable.Range(0, 8_000).Select(i => string.Concat(Enumerable.Range(0, 2 + (i % 3)).Select(_ => "ri ve lo ka tes mun dor pa sil ner qua fo"[(random.Next(12) * 3)..].Split(' ')[0])))];
        var lines = new StringBuilder();
        for (var i = 0; i < Passages; i++)
            lines.Append("{\"question\":\"Where does number ").Append(i).Append(" about ").Append(string.Join(' ', random.GetItems(words, 4))).Append(" go?\",\"answer\":\"").Append(string.Join(' ', random.GetItems(words, 80))).Append(".\"}\n");
        return Encoding.UTF8.GetBytes(lines.ToString());
    }
}
