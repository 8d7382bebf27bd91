using System.Text.Json;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Eval;

/// <summary>Machines' and persons' mails. A machine's is right when it is ignored or held, a person's when it is answered or held.</summary>
internal static class AutoreplyEval
{
    private const string Set = "autoreply";

    public static async Task<IReadOnlyList<Figure>> RunAsync(string folder, Action<string> wrong, CancellationToken ct)
    {
        var cases = new List<(string Category, bool Answerable, bool Right, Decision Decision)>();
        using var labels = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "labels.json"), ct));
        foreach (var label in labels.RootElement.EnumerateArray())
        {
            var (file, answerable, category) = (label.GetProperty("file").GetString()!, label.GetProperty("answerable").GetBoolean(), label.GetProperty("category").GetString()!);
            var verdict = ReplyPolicy.Decide(new() { Mail = ReadBody.Parse(file, await File.ReadAllBytesAsync(Path.Combine(folder, file), ct), null) });
            var right = verdict.Result == Decision.Hold || verdict.Result == (answerable ? Decision.Answer : Decision.Ignore);
            cases.Add((category, answerable, right, verdict.Result));
            if (!right || answerable && verdict.Result != Decision.Answer)
                wrong($"{Set} {category} {file}: {verdict.Result} {string.Join(", ", verdict.Reasons)}");
        }
        var real = cases.Where(one => !IsVariant(one.Category)).GroupBy(one => one.Category).OrderBy(group => group.Key, StringComparer.Ordinal).ToList();
        var variants = cases.Where(one => IsVariant(one.Category)).ToList();
        var persons = cases.Where(one => one.Answerable).ToList();
        var machines = cases.Where(one => !one.Answerable).ToList();
        return
        [
            new(Set, "mean over the categories of real mails", real.Average(Rate), $"{real.Count} categories", Least: 0.97),
            .. real.Select(group => new Figure(Set, "  " + group.Key, Rate(group), $"of {group.Count()}")),
            new(Set, "variants right", variants.Count(one => one.Right), $"of {variants.Count}", Least: variants.Count),
            new(Set, "persons ignored", persons.Count(one => one.Decision == Decision.Ignore), $"of {persons.Count}", Most: 0),
            new(Set, "persons held", Share(persons.Count(one => one.Decision == Decision.Hold), persons.Count), $"of {persons.Count}", Most: 0.03),
            new(Set, "machines held rather than ignored", Share(machines.Count(one => one.Decision == Decision.Hold), machines.Count), $"of {machines.Count}"),
        ];
    }

    private static bool IsVariant(string category) => category.StartsWith("variant-", StringComparison.Ordinal);

    private static double Rate(IEnumerable<(string Category, bool Answerable, bool Right, Decision Decision)> cases) => cases.Average(one => one.Right ? 1.0 : 0);

    private static double Share(int part, int all) => all == 0 ? 0 : part / (double)all;
}
