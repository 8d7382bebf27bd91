using System.Globalization;
using System.Text.Json;
using ReplyMint.Secrets;

namespace ReplyMint.Cli.Doctor;

/// <summary>What `secrets list` knows: one finding for each secret that somebody should do something about, and how old the recovery kit is.</summary>
internal static class SecretChecks
{
    private static readonly string[] Question = ["secrets", "list", "--json"];

    /// <param name="settings">Of a store that opens.</param>
    public static async Task<IReadOnlyList<Finding>> AllAsync(ReplyMintSettings settings, CommandHost host, CancellationToken ct)
    {
        var (code, output, error) = await StoreRun.AskAsync(settings, host, Question, ct);
        if (code != ExitCode.Ok)
            return [Finding.Fail("secrets", "they can't be looked at", error)];
        var facts = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize(line, CliJson.Default.SecretFact)!).ToList();
        var findings = facts.Where(fact => fact.Problem is not null).DistinctBy(fact => fact.Name)
            .Select(fact => Finding.Warn($"secret {fact.Name}", fact.Where, fact.Problem!)).ToList();
        if (facts.FirstOrDefault(fact => fact.Name == SecretList.Kit) is { Problem: null, Since: { } made })
            findings.Add(Finding.Ok($"secret {SecretList.Kit}", string.Create(CultureInfo.InvariantCulture, $"made on {made.UtcDateTime:yyyy-MM-dd}, {(TimeProvider.System.GetUtcNow() - made).TotalDays:0} days ago")));
        if (findings.TrueForAll(finding => finding.State == "ok"))
            findings.Add(Finding.Ok("secrets", $"{facts.Count} keys and secrets, none weak or overdue"));
        return findings;
    }
}
