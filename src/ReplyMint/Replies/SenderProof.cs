using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>Rule 11: is the sender proved, and does the answer go to where the mail came from?</summary>
internal static class SenderProof
{
    /// <summary>
    /// Providers whose domain says nothing of who shares it: from one customer to another is to a stranger. Not complete, and
    /// need not be: what is missing is followed like the Reply-To of a house.
    /// </summary>
    private static readonly HashSet<string> Shared = new(StringComparer.Ordinal)
    {
        "gmail.com", "googlemail.com", "outlook.com", "outlook.de", "outlook.fr", "outlook.es", "hotmail.com", "hotmail.de", "hotmail.fr", "hotmail.es", "hotmail.it", "hotmail.co.uk",
        "live.com", "live.de", "live.fr", "live.nl", "live.co.uk", "msn.com", "yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.es", "yahoo.it", "yahoo.co.uk", "yahoo.co.jp", "yahoo.co.in",
        "yahoo.com.br", "ymail.com", "rocketmail.com", "aol.com", "aol.de", "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "t-online.de",
        "freenet.de", "posteo.de", "mailbox.org", "proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.io", "mail.com", "email.com", "fastmail.com", "zoho.com", "mail.ru", "inbox.ru",
        "list.ru", "bk.ru", "yandex.ru", "yandex.com", "ya.ru", "rambler.ru", "ukr.net", "i.ua", "qq.com", "163.com", "126.com", "yeah.net", "sina.com", "foxmail.com", "naver.com",
        "daum.net", "hanmail.net", "rediffmail.com", "uol.com.br", "bol.com.br", "terra.com.br", "orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net", "neuf.fr", "bluewin.ch",
        "libero.it", "virgilio.it", "alice.it", "tiscali.it", "tim.it", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "seznam.cz", "centrum.cz", "telenet.be", "skynet.be", "ziggo.nl",
        "kpnmail.nl", "home.nl", "comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net", "earthlink.net", "btinternet.com", "sky.com",
        "virginmedia.com", "talktalk.net", "bigpond.com", "optusnet.com.au", "rogers.com", "shaw.ca", "sympatico.ca", "hey.com", "chello.at", "aon.at",
    };

    public static Answer Dmarc(InboundMail mail, SenderAuthentication? proof, bool expected, bool vouchedCounts)
    {
        if (proof is null)
            return Answer.NotAsked;
        if (proof.Vouched)
            return vouchedCounts ? Answer.Pass("vouched for by " + proof.Source) : Answer.Hold($"vouched for by {proof.Source}, which does not count for this tenant");
        var saw = $"{proof.Source}: spf {proof.Spf}, dkim {proof.Dkim}, dmarc {proof.Dmarc}";
        if (proof.Dmarc == AuthResult.Pass)
            return Answer.Pass(saw);
        // Whose domain's word could not be had may be of a domain that refuses the mail.
        if (proof.Dmarc is AuthResult.Fail or AuthResult.TempError)
            return Answer.Hold(saw);
        if ((proof.Spf == AuthResult.Pass && SpfAligns(mail)) || (proof.Dkim == AuthResult.Pass && DkimAligns(mail)))
            return Answer.Pass(saw);
        // Nobody said anything, or said that nothing holds, or it holds for another domain than the author's, which anybody
        // has one of: an answer could go to somebody who never wrote.
        return expected || proof.Spf != AuthResult.None || proof.Dkim != AuthResult.None ? Answer.Hold(saw) : Answer.Pass(saw);
    }

    /// <summary>SPF speaks of the envelope's domain (RFC 7489 3.1.2).</summary>
    private static bool SpfAligns(InboundMail mail) =>
        mail.Author is { } author && mail.Envelope.ReversePath is { Length: > 0 } path && SameOrganisation(author.Address, path);

    /// <summary>Which of several signatures held is not told, so all must be of the author's domain (RFC 7489 3.1.1).</summary>
    private static bool DkimAligns(InboundMail mail)
    {
        if (mail.Author is not { } author || AddressRules.Normalize(author.Address) is not { } address)
            return false;
        var domains = 0;
        foreach (var field in mail.Headers)
        {
            if (!field.Name.Equals("DKIM-Signature", StringComparison.OrdinalIgnoreCase))
                continue;
            var before = domains;
            foreach (var tag in field.Value.Split(';'))
            {
                if (tag.IndexOf('=', StringComparison.Ordinal) is not (> 0 and var equals) || tag[..equals].Trim() != "d")
                    continue;
                domains++;
                if (!AddressRules.SameOrganisation(AddressRules.Domain(address), tag[(equals + 1)..].Trim()))
                    return false;
            }
            if (domains == before)
                return false;
        }
        return domains > 0;
    }

    public static Answer ReplyTo(InboundMail mail, SenderAuthentication? proof)
    {
        if (proof is null)
            return Answer.NotAsked;
        if (mail.Author is not { } author)
            return Answer.Pass();
        foreach (var address in mail.ReplyTo)
            if (!MayAskFor(author.Address, address.Address))
                return Answer.Hold(address.Address);
        return Answer.Pass();
    }

    /// <summary>May the author have answers sent to that address: his own, or one of his house; never a stranger's at the same provider.</summary>
    public static bool MayAskFor(string author, string asked) =>
        SameOrganisation(author, asked) && AddressRules.Normalize(author) is { } a && AddressRules.Normalize(asked) is { } b
        && (!Shared.Contains(AddressRules.Domain(a)) || AddressRules.WithoutTag(a) == AddressRules.WithoutTag(b));

    /// <summary>Of two addresses; what is no address belongs to nobody.</summary>
    public static bool SameOrganisation(string one, string other) =>
        AddressRules.Normalize(one) is { } a && AddressRules.Normalize(other) is { } b
        && AddressRules.SameOrganisation(AddressRules.Domain(a), AddressRules.Domain(b));
}
