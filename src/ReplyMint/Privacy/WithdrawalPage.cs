using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Privacy;

/// <summary>
/// Where the link of an answer leads: a page with one button. Looking at it changes nothing, since scanners of mail follow links;
/// the button does. Whoever has the link is believed: it stood in a mail to the person, and all it can do is silence a machine.
/// </summary>
internal static class WithdrawalPage
{
    // The button's form, and nothing else.
    private const string Policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    private const string Html = "text/html";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var pages = RequestRules.Attach(routes.MapPublic());
        pages.MapGet(RouteGroups.WithdrawRoot + "/{answer}", ShowAsync).Produces<string>(200, Html).Produces<string>(404, Html).WithName("ShowWithdrawal").WithSummary("The page behind the link of an answer; looking at it changes nothing");
        pages.MapPost(RouteGroups.WithdrawRoot + "/{answer}", WithdrawAsync).WithMetadata(new BodyLimit(1024)).Produces<string>(200, Html).Produces<string>(404, Html).WithName("Withdraw").WithSummary("No automatic answers any more to whom the answer went");
    }

    private static async Task<IResult> ShowAsync(HttpContext context, [Token(120)] string answer, [FromServices] ReplyTokens tokens, [FromServices] Messages messages, CancellationToken ct) =>
        await FindAsync(answer, tokens, messages, ct) is null ? Gone(context)
            : Page(context, 200, "<h1>No more automatic answers?</h1><p>People will read your mails and answer them themselves.</p><form method=\"post\"><button>No automatic answers, please</button></form>");

    private static async Task<IResult> WithdrawAsync(HttpContext context, [Token(120)] string answer, [FromServices] ReplyTokens tokens, [FromServices] Messages messages, [FromServices] Consents consents, CancellationToken ct)
    {
        if (await FindAsync(answer, tokens, messages, ct) is not { } message)
            return Gone(context);
        // Said once is enough: who presses again, or lets a program do so, writes nothing.
        if ((await consents.FindAsync(message.Tenant, message.Summary.From.Address, ct))?.Entries is not [.., { Given: false }])
            await consents.WithdrawAsync(message.Tenant, message.Summary.From.Address, ConsentWay.Link, message.Id, new Actor("correspondent"), ct);
        return Page(context, 200, "<h1>Done</h1><p>You will get no automatic answers from here any more.</p>");
    }

    private static async ValueTask<Message?> FindAsync(string token, ReplyTokens tokens, Messages messages, CancellationToken ct) =>
        tokens.ReadWithdrawal(token) is { } subject && await messages.FindAsync(subject.TenantId, subject.OutboxId, ct) is { } message
            && Mail.AddressRules.Normalize(message.Summary.From.Address) is not null ? message : null;

    private static IResult Gone(HttpContext context) =>
        Page(context, 404, "<h1>This link does not work (any more)</h1><p>Answer the mail instead, and write: no automatic replies.</p>");

    private static IResult Page(HttpContext context, int status, string body)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        return TypedResults.Text($"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>Automatic answers</title><body>{body}", Html, Encoding.UTF8, status);
    }
}
