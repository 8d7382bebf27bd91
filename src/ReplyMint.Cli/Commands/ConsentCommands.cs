using System.CommandLine;
using System.Globalization;
using ReplyMint.Audit;
using ReplyMint.Outbound;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Cli.Commands;

/// <summary>Who agreed to automatic answers, who wants none, and why a tenant answers by machine.</summary>
internal static class ConsentCommands
{
    private const int MaxText = 10_000;

    public static Command Build() => new("consent", "who agreed to automatic answers, and who wants none") { Give(), Withdraw(), List(), Text(), Basis() };

    private static StoreCommand Give()
    {
        var (address, tenant, source) = (Address(), StoreWords.TenantOption(), Source());
        var text = new Option<int>("--text") { HelpName = "N", Description = "the version of the text that was agreed to", Required = true };
        var way = Way();
        return new StoreCommand("give", "write down that somebody agreed", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            if (!await context.Get<Consents>().GiveAsync(owner.Id, UserCommands.Normalized(parse.GetValue(address)!), parse.GetValue(text), Of(parse.GetValue(way)!), Line(parse.GetValue(source)), StoreWords.Actor, ct))
                return context.Fail($"there is no version {parse.GetValue(text)} of the text; list them with: replymint consent text list");
            context.Out.WriteLine("written down");
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { tenant, text, way, source }, Examples = ["consent give anna@customer.example --text 1 --way form --source \"form 12\""] };
    }

    private static StoreCommand Withdraw()
    {
        var (address, tenant, source, way) = (Address(), StoreWords.TenantOption(), Source(), Way());
        return new StoreCommand("withdraw", "no automatic answers to somebody any more, from now on", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            await context.Get<Consents>().WithdrawAsync(owner.Id, UserCommands.Normalized(parse.GetValue(address)!), Of(parse.GetValue(way)!), Line(parse.GetValue(source)), StoreWords.Actor, ct);
            // A server does it within a minute; without one nobody else would before the next start.
            if (!context.InServer)
                await context.Get<Anchors>().FlushAsync(ct);
            context.Out.WriteLine("written down: no automatic answer leaves to that address any more");
            return ExitCode.Ok;
        }) { Arguments = { address }, Options = { tenant, way, source } };
    }

    private static StoreCommand List()
    {
        var (tenant, limit) = (StoreWords.TenantOption(), StoreWords.LimitOption());
        return new StoreCommand("list", "what correspondents agreed to and withdrew", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (ledgers, next) = await context.Get<Consents>().ListAsync(owner.Id, Math.Clamp(parse.GetValue(limit), 1, 1000), null, ct);
            StoreWords.Table(context.Out, [.. ledgers.SelectMany(ledger => ledger.Entries, (ledger, entry) => (string[])
                [ledger.Address, StoreWords.Time(entry.At), entry.Given ? "given, text " + Number(entry.Text) : "withdrawn", StoreWords.Word(entry.Way), entry.By, entry.Source])], "WHO", "WHEN", "WHAT", "HOW", "BY", "SOURCE");
            if (next is not null)
                context.Out.WriteLine("There are more.");
            return ExitCode.Ok;
        }) { Options = { tenant, limit } };
    }

    private static Command Text()
    {
        var (tenant, file, listed) = (StoreWords.TenantOption(), new Argument<string>("FILE") { Description = "the text, or - for standard input" }, StoreWords.TenantOption());
        return new("text", "versions of what people are asked to agree to")
        {
            new StoreCommand("add", "add a version; old ones stay", async (context, parse, ct) =>
            {
                var text = System.Text.Encoding.UTF8.GetString(context.Files[0].Bytes).Trim();
                if (text.Length is 0 or > MaxText)
                    return context.Fail($"a text has 1 to {MaxText} characters");
                var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
                context.Out.WriteLine(Number(await context.Get<Consents>().AddTextAsync(owner.Id, text, StoreWords.Actor, ct)));
                return ExitCode.Ok;
            }) { Arguments = { file }, Options = { tenant }, ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(file), host, ct) },
            new StoreCommand("list", "list the versions", async (context, parse, ct) =>
            {
                var owner = await context.TenantAsync(parse.GetValue(listed), ct);
                StoreWords.Table(context.Out, [.. (await context.Get<Consents>().TextsAsync(owner.Id, ct)).Select(text => (string[])[Number(text.Version), StoreWords.Time(text.At), text.By, Plain.Line(text.Text, 80)])], "VERSION", "SINCE", "BY", "TEXT");
                return ExitCode.Ok;
            }) { Options = { listed } },
        };
    }

    private static Command Basis()
    {
        var (shown, tenant) = (StoreWords.TenantOption(), StoreWords.TenantOption());
        var basis = new Option<string?>("--basis") { HelpName = "WORD", Description = "contract, legitimate-interest or consent" };
        basis.AcceptOnlyFromAmong("contract", "legitimate-interest", "consent");
        var least = new Option<int?>("--least-text") { HelpName = "N", Description = "with consent: the oldest version of the text that counts" };
        var link = new Option<bool?>("--link") { HelpName = "true|false", Description = "automatic answers end with a link by which their reader says that he wants none" };
        return new("basis", "why mail may be answered by machine")
        {
            new StoreCommand("show", "show it", async (context, parse, ct) =>
            {
                Tell(context, await context.Get<Consents>().BasisAsync((await context.TenantAsync(parse.GetValue(shown), ct)).Id, ct));
                return ExitCode.Ok;
            }) { Options = { shown } },
            new StoreCommand("set", "change it; what is left out stays as it is", async (context, parse, ct) =>
            {
                var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
                var consents = context.Get<Consents>();
                var before = await consents.BasisVersionAsync(owner.Id, ct);
                var after = before.Value with
                {
                    Basis = parse.GetValue(basis) switch { "contract" => LegalBasis.Contract, "legitimate-interest" => LegalBasis.LegitimateInterest, "consent" => LegalBasis.Consent, _ => before.Value.Basis },
                    LeastText = parse.GetValue(least) ?? before.Value.LeastText, Link = parse.GetValue(link) ?? before.Value.Link,
                };
                if (after.LeastText is < 0 or > 999_999)
                    return context.Fail("--least-text must be from 0 to 999999");
                if (after.Link && context.Get<HttpSettings>().PublicUrl is null)
                    return context.Fail("--link needs http.publicUrl, the address at which people reach this server");
                if ((await consents.SetBasisAsync(owner.Id, after, before.Version, StoreWords.Actor, ct)).Result != ChangeResult.Done)
                    return context.Fail("somebody else changed it at this moment; look at it and try again");
                Tell(context, after);
                return ExitCode.Ok;
            }) { Options = { tenant, basis, least, link }, Examples = ["consent basis set --basis consent --least-text 2"] },
        };
    }

    private static void Tell(CommandContext context, BasisRecord basis) =>
        context.Out.WriteLine($"{WireWord.Of(basis.Basis)}{(basis.Basis == LegalBasis.Consent ? $", to version {basis.LeastText} of the text or a later one" : "")}; {(basis.Link ? "answers have a link to want none" : "answers have no link to want none")}");

    private static Argument<string> Address() => new("ADDRESS") { Description = "the correspondent" };

    private static Option<string?> Source() => new("--source") { HelpName = "TEXT", Description = "what shows it, such as the number of a form" };

    private static Option<string> Way()
    {
        var way = new Option<string>("--way") { HelpName = "WORD", Description = "how it was said: machine, mail, link, form, paper or phone (machine)", DefaultValueFactory = _ => "machine" };
        way.AcceptOnlyFromAmong("machine", "mail", "link", "form", "paper", "phone");
        return way;
    }

    private static ConsentWay Of(string word) => Enum.Parse<ConsentWay>(word, ignoreCase: true);

    private static string Line(string? text) => Plain.Line(text ?? "", 200);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
