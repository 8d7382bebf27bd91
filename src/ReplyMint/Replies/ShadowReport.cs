using System.Text.Json.Serialization;
using ReplyMint.Accounts;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <summary>What the figures of a shadow speak for. A person decides, and switches.</summary>
[JsonConverter(typeof(WireEnum<ShadowAdvice>))]
internal enum ShadowAdvice { WaitForMore, HoldEverything, MayAnswer }

/// <summary>How the drafts of a mailbox's shadow mode compare with what people answered.</summary>
/// <param name="Mails">That came, people's own answers apart.</param>
/// <param name="Drafted">Mails with a draft.</param>
/// <param name="WouldLeave">Drafts that would have left by themselves in mode automatic.</param>
/// <param name="Answered">Mails to which a person's answer was seen.</param>
/// <param name="Compared">Mails with both.</param>
/// <param name="DraftLength">Characters of a compared draft, on average.</param>
/// <param name="AnswerLength">Characters of a person's answer to these, on average.</param>
/// <param name="SameLanguage">Compared drafts in the language of the person's answer.</param>
/// <param name="Contradicting">Compared drafts that name another number, date, amount or link than the person.</param>
/// <param name="Unsaid">Compared drafts that name one of which the person said nothing.</param>
/// <param name="LeftOut">Compared drafts without one that the person named.</param>
/// <param name="ComparedAlone">Compared drafts that would have left by themselves.</param>
/// <param name="WrongAlone">Of these, contradicting or unsaid, or in another language.</param>
/// <param name="IgnoredButAnswered">Mails that the policy ignores and a person answered.</param>
/// <param name="UndraftedButAnswered">Mails without a draft that a person answered.</param>
/// <param name="Why">The advice in plain words, with the figures that it rests on.</param>
/// <param name="Differences">At most 100, the newest first.</param>
internal sealed record ShadowReport(
    string Mailbox, DateTimeOffset From, DateTimeOffset Until, bool Running, int Mails, int Drafted, int WouldLeave, int Answered, int Compared, int DraftLength, int AnswerLength, int SameLanguage,
    int Contradicting, int Unsaid, int LeftOut, int ComparedAlone, int WrongAlone, int IgnoredButAnswered, int UndraftedButAnswered, ShadowAdvice Advice, string Why, IReadOnlyList<ShadowDifference> Differences);

/// <summary>Where a draft and a person's answer say different things.</summary>
/// <param name="Alone">The draft would have left by itself.</param>
/// <param name="Contradicts">What the draft names where the person named another of the kind.</param>
/// <param name="Unsaid">What only the draft names.</param>
/// <param name="LeftOut">What only the person names.</param>
internal sealed record ShadowDifference(string Message, bool Alone, IReadOnlyList<string> Contradicts, IReadOnlyList<string> Unsaid, IReadOnlyList<string> LeftOut, string DraftLanguage, string AnswerLanguage);

/// <summary>Adds mails up (pure).</summary>
internal sealed class ShadowSum(Mailbox box)
{
    private const int MostDifferences = 100;
    // With fewer nothing can be said of how often a draft is wrong.
    private const int LeastCompared = 20;
    private const double MostWrong = 0.05;

    private readonly List<ShadowDifference> _differences = [];
    private int _drafted, _wouldLeave, _answered, _compared, _sameLanguage, _contradicting, _unsaid, _leftOut, _comparedAlone, _wrongAlone, _ignored, _undrafted;
    private long _draftLength, _answerLength;

    public int Mails { get; private set; }

    /// <param name="verdict">The policy's.</param>
    /// <param name="draft">Made in shadow mode; null for none.</param>
    /// <param name="answer">A person's; null where none was seen.</param>
    public void Add(string message, Decision verdict, Draft? draft, string? answer)
    {
        Mails++;
        var text = draft?.Content.Text ?? "";
        // Nothing else held it.
        var alone = text.Length > 0 && draft!.Record.Reasons is [Shadow];
        _drafted += text.Length > 0 ? 1 : 0;
        _wouldLeave += alone ? 1 : 0;
        if (answer is null)
            return;
        _answered++;
        if (text.Length > 0)
            Compare(message, text, answer, alone);
        else if (verdict == Decision.Ignore)
            _ignored++;
        else
            _undrafted++;
    }

    /// <summary>A reason that says of a held draft that its mailbox was in shadow mode.</summary>
    public const string Shadow = "shadow";

    private void Compare(string message, string text, string answer, bool alone)
    {
        var difference = ShadowFacts.Compare(text, answer, box);
        var (ours, theirs) = (ReplyLanguage.Guess(text), ReplyLanguage.Guess(answer));
        // Of a text too short to tell nobody says that it is in another language.
        var sameLanguage = ours == theirs || ours.Length == 0 || theirs.Length == 0;
        _compared++;
        _draftLength += text.Length;
        _answerLength += answer.Length;
        _sameLanguage += sameLanguage ? 1 : 0;
        _contradicting += difference.Contradicts.Count > 0 ? 1 : 0;
        _unsaid += difference.Unsaid.Count > 0 ? 1 : 0;
        _leftOut += difference.LeftOut.Count > 0 ? 1 : 0;
        var wrong = difference.Contradicts.Count > 0 || difference.Unsaid.Count > 0 || !sameLanguage;
        _comparedAlone += alone ? 1 : 0;
        _wrongAlone += alone && wrong ? 1 : 0;
        if ((wrong || difference.LeftOut.Count > 0) && _differences.Count < MostDifferences)
            _differences.Add(new(message, alone, difference.Contradicts, difference.Unsaid, difference.LeftOut, ours, theirs));
    }

    public ShadowReport ToReport(ShadowTime shadow, DateTimeOffset now)
    {
        var (advice, why) = Advise();
        return new(box.Id, shadow.From, shadow.Until, now < shadow.Until, Mails, _drafted, _wouldLeave, _answered, _compared, Mean(_draftLength), Mean(_answerLength), _sameLanguage,
            _contradicting, _unsaid, _leftOut, _comparedAlone, _wrongAlone, _ignored, _undrafted, advice, why, _differences);
    }

    private (ShadowAdvice, string) Advise()
    {
        var seen = $"Of {Mails} mails {_wouldLeave} would have been answered without a person. {_comparedAlone} of these answers can be compared with a person's";
        if (_comparedAlone < LeastCompared)
            return (ShadowAdvice.WaitForMore, $"{seen}; at least {LeastCompared} are needed to say anything. Go on, and see that people's answers are seen (a Bcc to the mailbox, the account's folder of sent mail, or the API).");
        var wrong = $"{seen}: {_wrongAlone} named a number, date, amount or link that the person's did not name, or were in another language ({Share(_wrongAlone, _comparedAlone)})";
        if (_wrongAlone > MostWrong * _comparedAlone)
            return (ShadowAdvice.HoldEverything, $"{wrong}. That is more than {MostWrong:P0}: let people approve each answer, and mend the knowledge that these rest on.");
        if (_ignored > MostWrong * _answered)
            return (ShadowAdvice.HoldEverything, $"{wrong}. But {_ignored} of {_answered} mails that people answered would have been ignored: look at these first.");
        return (ShadowAdvice.MayAnswer, $"{wrong}. So many can be left to mode automatic; look at the differences first. {_ignored} of {_answered} mails that people answered would have been ignored.");
    }

    private int Mean(long length) => _compared == 0 ? 0 : (int)(length / _compared);

    private static string Share(int part, int of) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(double)part / of:P1}");
}
