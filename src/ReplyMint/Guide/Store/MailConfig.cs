using System.Globalization;
using System.Net;
using System.Text;
using ReplyMint.Inbound;
using ReplyMint.Limits;
using ReplyMint.Mail;
using ReplyMint.Replies;
using ReplyMint.Storage;

namespace ReplyMint.Guide;

/// <summary>MAIL-3, MAIL-5 and MAIL-6 by the settings, the store and the rules that this program holds.</summary>
internal static class MailConfig
{
    private const int Times = 10;

    /// <summary>MAIL-3: mails that machines write; each must be known by the rules of machines alone, and a person's by none.</summary>
    public static Outcome Machines(StoreLook look)
    {
        foreach (var (kind, path, head) in MachineMails.All)
            if (!Hit(look, path, head))
                return Outcome.Fail($"a mail of the kind \"{kind}\" would be answered");
        foreach (var (kind, path, head) in MachineMails.People)
            if (Hit(look, path, head))
                return Outcome.Warn($"a mail of the kind \"{kind}\" is taken for a machine's, and gets no answer");
        return Outcome.Pass($"{MachineMails.All.Count} kinds of machines' mails get no answer, {MachineMails.People.Count} of people's may");
    }

    private static bool Hit(StoreLook look, string path, string head)
    {
        var mail = MailParser.Parse(Encoding.UTF8.GetBytes(head.ReplaceLineEndings("\r\n")), new(path, MachineMails.Mailbox));
        return look.Decide(new PolicyFacts { Mail = mail, MailboxAddress = MachineMails.Mailbox }).Result != Decision.Answer;
    }

    /// <summary>MAIL-5.</summary>
    public static async Task<Outcome> RatesAsync(StoreLook look, CancellationToken ct)
    {
        var (rates, usual) = (look.Settings.Rates, new RateSettings());
        if (rates.TenantHour > usual.TenantHour * Times)
            return Outcome.Warn($"rates.tenantHour: {rates.TenantHour}; {usual.TenantHour} are usual");
        if (rates.InstallationHour > usual.InstallationHour * Times)
            return Outcome.Warn($"rates.installationHour: {rates.InstallationHour}; {usual.InstallationHour} are usual");
        // Read as each start of a sending reads it; a switch that can't be read would stop it there, too.
        var all = await look.Get<Switches>().ReadAsync(KeyRing.Installation, null, ct);
        return Outcome.Pass($"a thread gets 1 answer in 10 minutes and 3 a day, a person 5 a day, a tenant {rates.TenantHour} and the installation {rates.InstallationHour} an hour; the stop switch of all sending {(all.Stopped ? "is set" : "is not set")}");
    }

    /// <summary>MAIL-6.</summary>
    public static Outcome Believed(StoreLook look)
    {
        var smtp = look.Settings.Smtp;
        if (!smtp.Enabled)
            return Outcome.NotApplicable("smtp.enabled: false: no server hands mail over by SMTP; providers' words count by their signatures (INPUT-4)");
        if (smtp.Mode == SmtpListenerSettings.Mx)
            return Outcome.Pass("smtp.mode: mx; nobody's word counts, only what our own SPF, DKIM and DMARC find");
        foreach (var text in smtp.Networks)
            if (IPNetwork.TryParse(text, out var network) && network.PrefixLength < (network.BaseAddress.GetAddressBytes().Length == 4 ? 8 : 32))
                return Outcome.Fail($"smtp.networks: {text} is nearly everybody, and each of them may say who wrote a mail");
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"smtp.networks: {string.Join(", ", smtp.Networks)}; {(smtp.AuthservId.Length > 0 ? $"smtp.authservId: {smtp.AuthservId}" : "smtp.authservId is empty: nobody's word counts, and mails wait for a person")}"));
    }
}
