using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Knowledge;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Replies;

/// <param name="Mailbox">Whose tone and bounds count; left out: those of a new mailbox.</param>
internal sealed record KnowledgeQuestion([Text(4_000)] string Question, [Id] string? Mailbox = null);

/// <param name="Threshold">From this score on a passage answers.</param>
/// <param name="Answer">What would be drafted; empty when nothing fits.</param>
/// <param name="Note">Why there is none, or empty.</param>
internal sealed record KnowledgeTryResult(IReadOnlyList<PassageDetail> Passages, double Threshold, string Answer, string Author, string Note, IReadOnlyList<FindingDetail> Findings);

/// <param name="Mail">A whole mail with its header fields (RFC 5322). Line ends may be LF.</param>
internal sealed record MailboxTest([Text(500_000)] string Mail);

/// <param name="Ending">answer: it would leave by itself; hold: a person would have to look; ignore; later: a model failed for now.</param>
/// <param name="Reasons">Why it would be held or ignored.</param>
internal sealed record MailboxTestResult(
    [property: JsonConverter(typeof(WireEnum<ReplyEnding>))] ReplyEnding Ending, [property: JsonConverter(typeof(WireEnum<MailboxMode>))] MailboxMode Mode, IReadOnlyList<string> Reasons,
    IReadOnlyList<RuleDetail> Rules, string Text, string Author, IReadOnlyList<PassageDetail> Passages, IReadOnlyList<FindingDetail> Findings, string Note);

/// <summary>Trying things out: nothing is stored or sent.</summary>
internal static class TryRoutes
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi(Permission.KnowledgeRead, "knowledge").MapPost("/knowledge/try", QuestionAsync).WithName("TryKnowledge").WithSummary("What the knowledge says to a question, and what would be drafted")
            .Produces<KnowledgeTryResult>().Costly();
        routes.MapApi(Permission.MailboxesRead, "mailboxes").MapPost("/mailboxes/{id}/test", MailAsync).WithName("TestMailbox").WithSummary("What a mail would get now: the verdict and the draft. Nothing is stored or sent")
            .Produces<MailboxTestResult>().Costly();
    }

    internal static async Task<IResult> QuestionAsync(Caller caller, KnowledgeQuestion asked, [FromServices] DryRun run, [FromServices] Mailboxes mailboxes, [FromServices] KnowledgeSearch knowledge, [FromServices] KnowledgeSettings settings, CancellationToken ct)
    {
        var mailbox = asked.Mailbox is { } id && caller.Sees(id) ? await mailboxes.GetAsync(caller.Tenant, id, ct) : null;
        if (asked.Mailbox is not null && mailbox is null)
            return Problem.Of("mailbox", "is no mailbox that you see");
        var (drafted, findings) = await run.QuestionAsync(caller.Tenant, mailbox, asked.Question, ct);
        var hits = await knowledge.FindAsync(caller.Tenant, asked.Question, 5, "", trial: true, ct);
        return TypedResults.Ok(new KnowledgeTryResult([.. hits.Select(Passage)], settings.Threshold, drafted.Content.Text, drafted.Content.Drafter, drafted.Note, [.. findings.Select(finding => FindingDetail.Of(finding, quoting: true))]));
    }

    private static async Task<IResult> MailAsync(Caller caller, string id, MailboxTest test, [FromServices] DryRun run, [FromServices] Mailboxes mailboxes, CancellationToken ct)
    {
        if (!caller.Sees(id) || await mailboxes.GetAsync(caller.Tenant, id, ct) is not { } mailbox
            || await run.MailAsync(caller.Tenant, mailbox, Encoding.UTF8.GetBytes(test.Mail.ReplaceLineEndings("\r\n")), ct) is not var (judged, mode))
            return Problem.NotFound;
        return TypedResults.Ok(new MailboxTestResult(judged.Ending, mode, judged.Ending == ReplyEnding.Ignore ? [.. judged.Verdict.Reasons] : judged.Why,
            [.. judged.Verdict.Rules.Select(rule => RuleDetail.Of(rule, quoting: true))], judged.Drafted.Content.Text, judged.Drafted.Content.Drafter,
            [.. judged.Drafted.Content.Passages.Select(Passage)], [.. judged.Drafted.Findings.Select(finding => FindingDetail.Of(finding, quoting: true))], judged.Drafted.Note));
    }

    private static PassageDetail Passage(PassageHit hit) => new(hit.Passage.Source, hit.Passage.Question, hit.Passage.Answer, Math.Round(hit.Score, 3));
}
