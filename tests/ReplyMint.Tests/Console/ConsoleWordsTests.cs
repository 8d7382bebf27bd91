using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ReplyMint.Cli;
using ReplyMint.Console;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;
using ReplyMint.Telemetry;
using Xunit;

namespace ReplyMint.Tests.Console;

/// <summary>The one file with the pages' words.</summary>
public sealed partial class ConsoleWordsTests
{
    private static readonly string Room = Path.Combine(HouseTests.Root, "src", "ReplyMint", "Console");

    private static IReadOnlyDictionary<string, string[]> Words() => File.ReadLines(Path.Combine(Room, "Assets", "Words.txt")).Where(line => line.Length > 0)
        .ToDictionary(line => line.Split(" = ", 2)[0], line => line.Split(" = ", 2)[1].Split(" | "), StringComparer.Ordinal);

    [Fact]
    public void Each_word_is_there_in_English_and_in_German()
    {
        Assert.All(Words(), word =>
        {
            Assert.Matches("^[a-zA-Z0-9.:-]+$", word.Key);
            Assert.Equal(2, word.Value.Length);
            Assert.DoesNotContain(word.Value, string.IsNullOrWhiteSpace);
            Assert.Equal(word.Value[0].Contains("{0}", StringComparison.Ordinal), word.Value[1].Contains("{0}", StringComparison.Ordinal));
        });
    }

    /// <summary>What pages say is there, and what is there some page says; a name that ends in a dot is put together.</summary>
    [Fact]
    public void Pages_say_what_is_there_and_nothing_lies_about()
    {
        var words = Words();
        var used = Directory.EnumerateFiles(Room, "*.cs", SearchOption.AllDirectories).SelectMany(file => Quoted().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).ToHashSet(StringComparer.Ordinal);
        var begun = used.Where(name => name.EndsWith('.')).ToList();
        Assert.Equal([], words.Keys.Where(word => !used.Contains(word) && !begun.Exists(begin => word.StartsWith(begin, StringComparison.Ordinal)) && !word.EndsWith(".do", StringComparison.Ordinal)));
        Assert.Equal([], Directory.EnumerateFiles(Room, "*.cs", SearchOption.AllDirectories).SelectMany(file => Said().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Where(name => !name.EndsWith('.') && !words.ContainsKey(name)));
    }

    /// <summary>What the product may say of a mail has a word, also where the name is put together.</summary>
    [Fact]
    public void Each_state_rule_and_reason_has_a_word()
    {
        var words = Words();
        IEnumerable<string> needed =
        [
            .. Enum.GetValues<DraftState>().Where(state => state != DraftState.Waiting).Select(state => "draft.state." + state.ToString().ToLowerInvariant()),
            .. Enum.GetValues<OutboxState>().Select(state => "answer." + state.ToString().ToLowerInvariant()),
            .. Enum.GetValues<RuleOutcome>().Select(outcome => "outcome." + outcome.ToString().ToLowerInvariant()),
            .. Enum.GetValues<GuardRule>().Select(rule => "guard." + WireWord.Of(rule)),
            .. Enum.GetValues<MessageState>().Select(state => "state." + Reasons.WordOf(state)),
            .. ReasonWords.Names.Select(name => "reason." + name),
            .. Reasons.Filtered.Select(name => "reason." + name),
            .. Measures.AttachmentScans.Attributes[0].Words.Select(name => "mail.scan." + name),
        ];
        Assert.Equal([], needed.Where(name => !words.ContainsKey(name)));
    }

    /// <summary>Also how a decision ended: each end has words of its own, but the two that no page is left to say.</summary>
    [Fact]
    public void Each_end_of_a_decision_has_a_word_of_its_own()
    {
        var words = Words();
        var ends = typeof(DeskOutcome).GetNestedTypes().Except([typeof(DeskOutcome.Done), typeof(DeskOutcome.NotFound)])
            .Select(end => DraftActs.Wrong((DeskOutcome)RuntimeHelpers.GetUninitializedObject(end))).ToList();
        Assert.Contains("draft.wrong.in-shadow", ends);
        Assert.Equal(ends.Count, ends.Distinct().Count());
        Assert.Equal([], ends.Where(end => end == "draft.wrong.text" || !words.ContainsKey(end)));
        // What a page is told later of a decision that was called back.
        var refused = GivenLater().Matches(File.ReadAllText(Path.Combine(Room, "..", "Replies", "DraftDecisions.cs"))).Select(match => "draft.refused." + match.Groups[1].Value).ToList();
        Assert.Contains("draft.refused.in-shadow", refused);
        Assert.Equal([], refused.Where(name => !words.ContainsKey(name)));
    }

    [GeneratedRegex("(?:=> |return )\"([a-z-]+)\"[,;]")]
    private static partial Regex GivenLater();

    [GeneratedRegex("\"([a-z0-9-]+\\.[a-z0-9.-]*)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("[Ss]ay\\[\"([^\"]+)\"")]
    private static partial Regex Said();
}
