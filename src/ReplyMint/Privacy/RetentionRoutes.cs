using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Limits;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>How long what is kept, in days. Shorter is always allowed.</summary>
/// <param name="RawDays">The mail as it came.</param>
/// <param name="TextDays">What was read of it, and drafts.</param>
/// <param name="RecordDays">That it came, and what became of it; not fewer than the other two.</param>
/// <param name="Attachments">Whether the bytes of attachments are kept as long as the mail as it came; else only their names, sizes and hashes.</param>
internal sealed record RetentionWish([Whole(1, RetentionRecord.MostRaw)] int RawDays, [Whole(1, RetentionRecord.MostText)] int TextDays, [Whole(1, RetentionRecord.MostRecord)] int RecordDays, bool Attachments);

/// <param name="AttachmentsKept">Whether they are: not before the operator said what scans them.</param>
internal sealed record RetentionAnswer(int RawDays, int TextDays, int RecordDays, bool Attachments, bool AttachmentsKept, RetentionMost Most)
{
    public static RetentionAnswer Of(RetentionRecord record, RetentionDesk desk) =>
        new(record.RawDays, record.TextDays, record.RecordDays, record.Attachments, desk.KeepsAttachments(record), new(RetentionRecord.MostRaw, RetentionRecord.MostText, RetentionRecord.MostRecord));
}

/// <summary>The longest that can be asked for.</summary>
internal sealed record RetentionMost(int RawDays, int TextDays, int RecordDays);

internal static class RetentionRoutes
{
    private const string Tag = "privacy";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var read = routes.MapApi(Permission.PrivacyRead, Tag);
        read.MapGet("/retention", GetAsync).WithName("GetRetention").WithSummary("How long what is kept").Produces<RetentionAnswer>();
        read.MapGet("/retention/report", ReportAsync).WithName("GetRetentionReport").WithSummary("What was removed because its time was over, by day and kind").Produces<RetentionReport>().Costly();
        read.MapGet("/retention/held", HeldAsync).WithName("ListHeldMails").WithSummary("Mails that a legal hold keeps beyond their time").Produces<Listing<HeldMail>>();

        var write = routes.MapApi(Permission.PrivacyWrite, Tag);
        write.MapPut("/retention", SetAsync).WithName("SetRetention").WithSummary("Change how long what is kept, of what is stored already too").Produces<RetentionAnswer>();
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, [FromServices] RetentionDesk desk, CancellationToken ct) =>
        Tell(context, await desk.ReadAsync(caller.Tenant, ct), desk);

    internal static async Task<IResult> SetAsync(HttpContext context, Caller caller, RetentionWish wish, [FromServices] RetentionDesk desk, CancellationToken ct)
    {
        if (EntityTags.Required(context, out var version) is { } missing)
            return missing;
        var wanted = new RetentionRecord { RawDays = wish.RawDays, TextDays = wish.TextDays, RecordDays = wish.RecordDays, Attachments = wish.Attachments };
        if (desk.Wrong(wanted) is { } wrong)
            return Problem.Of(wrong.Member, wrong.What);
        var (result, now) = await desk.SetAsync(caller.Tenant, _ => wanted, version, Actor.Of(caller), ct);
        return result == ChangeResult.Done ? Tell(context, now, desk) : EntityTags.Changed;
    }

    private static async Task<IResult> ReportAsync(Caller caller, DateOnly? from, DateOnly? to, [FromServices] RetentionReports reports, CancellationToken ct)
    {
        var (report, wrong) = await reports.ReadAsync(caller.Tenant, from, to, ct);
        return wrong is { } what ? Problem.Of(what.Member, what.What) : TypedResults.Ok(report);
    }

    private static async Task<IResult> HeldAsync(HttpContext context, Caller caller, [AsParameters] PageQuery page, [FromServices] RetentionReports reports, CancellationToken ct)
    {
        if (page.Problem() is { } problem)
            return problem;
        var (mails, next) = await reports.HeldAsync(caller.Tenant, page.Size, page.Cursor, ct);
        return TypedResults.Ok(new Listing<HeldMail>(mails, next).Linked(context));
    }

    private static IResult Tell(HttpContext context, Versioned<RetentionRecord> read, RetentionDesk desk)
    {
        EntityTags.Tell(context, read.Version);
        return TypedResults.Ok(RetentionAnswer.Of(read.Value, desk));
    }
}
