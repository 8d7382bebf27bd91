using System.CommandLine;
using System.Text;
using ReplyMint.Secrets;
using ReplyMint.Security;

namespace ReplyMint.Cli.Commands;

/// <summary>Keys and secrets: what there is and how old, and a new value for each. A value is never an argument, which others on the machine can see.</summary>
internal static class SecretCommands
{
    public static Command Build(CommandHost host) =>
        new("secrets", "keys and secrets, and a recovery kit") { List(), Set(), Show(), Remove(), RotateCommands.Rotate(), KitCommands.Make(host), KitCommands.MakeText(), KitCommands.Restore(host) };

    private static StoreCommand List()
    {
        var json = StoreWords.JsonOption();
        var problems = new Option<bool>("--problems") { Description = "only those that somebody should do something about" };
        return new StoreCommand("list", "list all keys and secrets, never a value", async (context, parse, ct) =>
        {
            var rows = new List<string[]>();
            await foreach (var fact in context.Get<SecretList>().AllAsync(ct))
            {
                if (parse.GetValue(problems) && fact.Problem is null)
                    continue;
                if (parse.GetValue(json))
                    context.Out.WriteLine(CliJson.Line(fact));
                rows.Add([fact.Name, Day(fact.Since), Day(fact.Next), fact.Where, fact.Problem ?? ""]);
            }
            if (!parse.GetValue(json))
                StoreWords.Table(context.Out, rows, "NAME", "SINCE", "NEXT", "WHERE", "TO DO");
            return ExitCode.Ok;
        }) { Options = { problems, json }, OpensRestored = true, Examples = ["secrets list", "secrets list --problems"] };
    }

    private static StoreCommand Set()
    {
        var name = new Argument<string>("NAME") { Description = "a name that settings use as store:NAME, or channel/ID, or parameter:NAME (SSM Parameter Store)" };
        var overlap = OverlapOption();
        return new StoreCommand("set", "store a secret, sealed; its value is asked for, or comes from standard input", async (context, parse, ct) =>
        {
            var wanted = Stored(parse.GetValue(name)!);
            if (parse.GetValue(overlap) is < 0 or > 720)
                return context.Fail("--overlap takes 0 to 720");
            string value;
            try
            {
                value = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(context.Files[0].Bytes).TrimEnd('\r', '\n');
            }
            catch (DecoderFallbackException)
            {
                return context.Fail("the secret is not text in UTF-8");
            }
            if (await context.Get<SecretDesk>().SetAsync(wanted, value, TimeSpan.FromHours(parse.GetValue(overlap)), StoreWords.Actor, ct) is { } problem)
                return context.Fail(problem.TrimEnd('.'));
            context.Out.WriteLine(wanted.StartsWith(SecretDesk.ChannelPrefix, StringComparison.Ordinal) ? $"{wanted} takes the new secret from now on, and the one before for {parse.GetValue(overlap)} hours"
                : wanted.StartsWith(SecretSource.ParameterPrefix, StringComparison.Ordinal) ? $"stored in Parameter Store; running processes take it within five minutes; settings name it {wanted}" : $"stored; settings name it {SecretSource.StorePrefix}{wanted}");
            return ExitCode.Ok;
        })
        {
            Arguments = { name }, Options = { overlap }, Examples = ["secrets set smtp-password", "secrets set channel/ID --overlap 48", "secrets set parameter:mailgun-api-key --store aws"],
            ReadFiles = async (parse, host, ct) => host.Interactive
                ? [new("-", Encoding.UTF8.GetBytes(await host.AskHiddenAsync($"The value of {Plain.Line(parse.GetValue(name)!, 60)} (it is not shown)", ct)))]
                : await NamedFiles.OneAsync("-", host, ct),
        };
    }

    private static StoreCommand Show()
    {
        var name = new Argument<string>("NAME") { Description = "of a secret that was stored by: secrets set" };
        return new StoreCommand("show", "print a stored secret; the audit log says that it was read", async (context, parse, ct) =>
        {
            var wanted = Stored(parse.GetValue(name)!);
            if (Unshown(wanted) is { } why)
                return context.Fail(why);
            if (await context.Get<SecretDesk>().ShowAsync(wanted, StoreWords.Actor, ct) is not { } value)
                return context.Fail(Unknown(wanted));
            context.Out.WriteLine(value);
            return ExitCode.Ok;
        }) { Arguments = { name }, Examples = ["secrets show smtp-password"] };
    }

    private static StoreCommand Remove()
    {
        var name = new Argument<string>("NAME") { Description = "of a secret that was stored by: secrets set" };
        var yes = StoreWords.YesOption();
        return new StoreCommand("remove", "remove a stored secret; settings that name it find none", async (context, parse, ct) =>
        {
            var wanted = Stored(parse.GetValue(name)!);
            if (wanted.StartsWith(SecretSource.ParameterPrefix, StringComparison.Ordinal))
                return context.Fail("Parameter Store removes it for whoever may do so there");
            if (!parse.GetValue(yes) && !await context.Confirm($"Remove the secret {Plain.Line(wanted, 100)}?", ct))
                return ExitCode.Failed;
            if (!await context.Get<SecretDesk>().RemoveAsync(wanted, StoreWords.Actor, ct))
                return context.Fail(Unknown(wanted));
            context.Out.WriteLine($"removed {wanted}");
            return ExitCode.Ok;
        }) { Arguments = { name }, Options = { yes } };
    }

    internal static Option<int> OverlapOption() => new("--overlap") { HelpName = "HOURS", Description = "how long the secret before counts on, 0 to 720 (24)", DefaultValueFactory = _ => 24 };

    private static string Day(DateTimeOffset? at) => at is { } day ? day.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) : "";

    private static string Stored(string name) => name.StartsWith(SecretSource.StorePrefix, StringComparison.Ordinal) ? name[SecretSource.StorePrefix.Length..] : name;

    private static string? Unshown(string name) => name.StartsWith(SecretSource.ParameterPrefix, StringComparison.Ordinal) ? "Parameter Store shows it to whoever may read it there" : name.Split('/')[0] switch
    {
        "master-key" => "the master key is shown to nobody; make a copy of it that a passphrase opens: replymint secrets recovery-kit FILE",
        "tenant-key" or "signing-key" or "pepper" => $"{name.Split('/')[0]} is shown to nobody, and nobody needs it; to replace it: replymint secrets rotate",
        "channel" or "webhook" => "a secret of a channel or webhook is not shown again; set or rotate it",
        _ => null,
    };

    private static string Unknown(string name) => $"there is no stored secret {Plain.Line(name, 60)}; list them with: replymint secrets list";
}
