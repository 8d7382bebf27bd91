using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Limits;
using ReplyMint.Outbound;
using ReplyMint.Security;

namespace ReplyMint.Accounts;

/// <param name="State">queued or sending: ask again; sent: the next mail server took it; failed, dead or uncertain: detail says why.</param>
/// <param name="Detail">What the server said; empty when there is nothing to say.</param>
internal sealed record TestMailAnswer(string Id, string Mailbox, [property: JsonConverter(typeof(WireEnum<OutboxState>))] OutboxState State, string Detail)
{
    public static TestMailAnswer Of(OutboxRecord sent) => new(sent.Id, sent.Mailbox!, sent.State, sent.Detail);
}

/// <summary>A mail by a mailbox's way out, to the person who asks: the console's last step of a new mailbox, for other front ends.</summary>
internal static class TestMailRoutes
{
    public static void MapTestMails(this IEndpointRouteBuilder routes)
    {
        var write = routes.MapApi(Permission.MailboxesWrite, "mailboxes");
        write.MapPost("/mailboxes/{id}/test-mail", SendAsync).WithName("SendTestMail").WithSummary("Try the way out: a mail to your own address, by the way that answers take").Produces<TestMailAnswer>(202).Costly();
        write.MapGet("/test-mails/{id}", ShowAsync).WithName("GetTestMail").WithSummary("What became of a test mail").Produces<TestMailAnswer>();
    }

    private static async Task<IResult> SendAsync(Caller caller, string id, [FromServices] Mailboxes mailboxes, [FromServices] TestMails tests, CancellationToken ct)
    {
        if (!caller.Sees(id) || await mailboxes.GetAsync(caller.Tenant, id, ct) is not { } box)
            return Problem.NotFound;
        const string Subject = "A test mail of ReplyMint";
        if (await tests.SendAsync(caller, box, Subject, $"Answers of {box.Address} leave by the way that this mail took. You asked for it by the API.\n", ct) is not { } sent)
            return TestMails.Enough;
        return TypedResults.Accepted($"{RouteGroups.ApiRoot}/test-mails/{sent}", new TestMailAnswer(sent, box.Id, OutboxState.Queued, ""));
    }

    private static async Task<IResult> ShowAsync(Caller caller, string id, [FromServices] TestMails tests, CancellationToken ct) =>
        await tests.FindAsync(caller, id, ct) is { } sent ? TypedResults.Ok(TestMailAnswer.Of(sent)) : Problem.NotFound;
}
