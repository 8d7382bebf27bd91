using System.Security.Cryptography;
using System.Text;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Mail;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Console;

/// <summary>What the first person of an installation says of himself.</summary>
/// <param name="Address">His own.</param>
/// <param name="Mailbox">The address that is answered.</param>
/// <param name="Question">One that its writers ask.</param>
internal sealed record FirstWish(string Address, string Name, string Mailbox, string Question, string Answer)
{
    /// <summary>The word for what is wrong with it; null when nothing is.</summary>
    public string? Wrong() =>
        AddressRules.Normalize(Address) is not { } own ? "first.wrong-address"
        : Name.Length is 0 or > 100 || Name.Any(char.IsControl) || !Tenants.IsName(Name) ? "first.wrong-name"
        : AddressRules.Normalize(Mailbox) is not { } box || box == own || AddressRules.WithoutTag(box) != box ? "first.wrong-mailbox"
        : Question.Length is 0 or > 300 || Answer.Length is 0 or > 2_000 ? "first.wrong-answer" : null;
}

/// <summary>
/// The way in for the first person of an installation. The server that is started for development shows a link on its terminal; whoever reads it there
/// may do all of this by commands. The link's token lives in this process only, works once, and never when a tenant is there.
/// </summary>
internal sealed class FirstRun(Tenants tenants, MemberDesk members, Mailboxes mailboxes, KnowledgeStore knowledge, Inbox inbox, SignInDesk desk, TimeProvider time)
{
    private string? _token;

    /// <summary>Opens the way; null when somebody is there already.</summary>
    public async Task<string?> OpenAsync(CancellationToken ct)
    {
        if (await tenants.CountAsync(ct) > 0)
            return null;
        _token = SignInLinks.NewToken();
        return RouteGroups.PagesRoot + "/first?token=" + _token;
    }

    public async Task<bool> IsOpenAsync(string token, CancellationToken ct) =>
        _token is { } own && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(own)) && await tenants.CountAsync(ct) == 0;

    /// <summary>Makes all of it, lets the question come in as the first mail, and gives a link to sign in; null when somebody was faster.</summary>
    public async Task<(string Token, string Verifier)?> BeginAsync(string token, FirstWish wish, CancellationToken ct)
    {
        var own = _token;
        if (own is null || !await IsOpenAsync(token, ct) || !ReferenceEquals(Interlocked.CompareExchange(ref _token, null, own), own))
            return null;
        var tenant = await tenants.AddAsync(wish.Name, Actor.Machine, ct);
        var (_, user) = await members.AddAsync(tenant.Id, AddressRules.Normalize(wish.Address)!, Role.Admin, Actor.Machine, ct);
        var box = new Mailbox { Id = Ids.Random('m'), TenantId = tenant.Id, Address = AddressRules.Normalize(wish.Mailbox)!, DisplayName = wish.Name };
        await mailboxes.AddAsync(box, Actor.Machine, ct);
        await knowledge.AddAsync(tenant.Id, PassageReader.Read("first.md", Encoding.UTF8.GetBytes($"# {wish.Question.ReplaceLineEndings(" ")}\n\n{wish.Answer}\n")), Actor.Machine, ct);
        await WriteAsync(user, box, wish.Question, ct);
        return await desk.MakeAsync(user, tenant.Id, Actor.Machine, ct);
    }

    /// <summary>The mail that he might have written himself. He vouches for it as an administrator; the mailbox only drafts.</summary>
    private async Task WriteAsync(User user, Mailbox box, string question, CancellationToken ct)
    {
        var mail = new OutboundMail
        {
            MessageId = $"{Ids.Timed(time)}@{AddressRules.Domain(box.Address)}", ReversePath = user.Address, From = user.Address, To = box.Address,
            Subject = question.ReplaceLineEndings(" "), Text = question + "\n", Date = time.GetUtcNow(),
        };
        var writer = new Caller(CallerKind.User, user.Id, box.TenantId, PermissionSet.Of(Permission.MessagesWrite));
        if (MimeWriter.Problem(mail) is null && AuthenticatedDelivery.From(MimeWriter.Write(mail), new Envelope(user.Address, box.Address), writer) is { } delivery)
            await inbox.SubmitAsync(delivery, ct);
    }
}
