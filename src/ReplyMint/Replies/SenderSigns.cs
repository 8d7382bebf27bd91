using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>Rule 9: addresses behind which nobody reads. Words count as a whole, since a person may be called Bouncer.</summary>
internal static class SenderSigns
{
    /// <summary>Local parts, squeezed to letters and digits, that are a machine's as a whole.</summary>
    private static readonly HashSet<string> Robots = new(StringComparer.Ordinal)
    {
        "mailerdaemon", "mailerdeamon", "maildaemon", "daemon", "postmaster", "mailadmin", "maildeliverysystem", "mailsystem",
        "listserv", "majordomo", "mailman", "ezmlm", "listmaster", "autoresponder", "autoresponse", "autoreply", "autoanswer", "vacation",
        "robot", "bot", "nobody", "devnull", "cron", "unmonitored", "bounce", "bounces", "bouncehandler", "returns", "undeliverable",
    };

    /// <summary>"Don't answer" in the languages met, squeezed; looked for at word boundaries inside the local part.</summary>
    private static readonly string[] NoReply =
    [
        "noreply", "noreplies", "noreplay", "donotreply", "donotrespond", "dontreply", "neverreply", "notreply", "noresponse", "noresponses",
        "noanswer", "unattended", "nichtantworten", "bittenichtantworten", "keineantwort", "nepasrepondre",
        "sansreponse", "pasdereponse", "noresponder", "nocontestar", "norespondas", "nonrispondere", "nessunarisposta", "naoresponda",
        "naoresponder", "nietbeantwoorden", "nietantwoorden", "geenantwoord", "svarinte", "svarikke", "ikkesvar", "alavastaa", "eivastausta",
        "neodpovidat", "neodpovidejte", "nieodpowiadaj", "neodgovaraj", "nereaguj", "nevalaszolj", "nuraspundeti", "cevapsiz", "yanitlamayin",
    ];

    /// <summary>Roles that send to many; a person may sit there, so they only hold.</summary>
    private static readonly HashSet<string> Senders = new(StringComparer.Ordinal)
    {
        "newsletter", "newsletters", "news", "newsflash", "announce", "announcement", "announcements", "notification", "notifications",
        "notify", "notifier", "alert", "alerts", "promo", "promos", "promotion", "promotions", "mailing", "mailings", "campaign",
        "campaigns", "digest", "bulk", "broadcast", "unsubscribe", "optout",
    };

    private static readonly HashSet<string> RobotNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "mail delivery system", "mail delivery subsystem", "mail delivery service", "mailer-daemon", "postmaster", "delivery subsystem",
        "microsoft outlook", "autoresponder", "auto reply", "mail administrator",
    };

    public static Answer Robot(InboundMail mail)
    {
        var hold = Answer.Pass(mail.Author?.Address ?? "");
        foreach (var address in mail.From.Concat(mail.Header("Sender") is { } sender ? [new MailAddress("", sender)] : []))
        {
            var local = Local(address.Address);
            if (IsRobot(local))
                return Answer.Never(address.Address);
            if (Words(local).Any(Senders.Contains) || RobotNames.Contains(address.Name.Trim()))
                hold = Answer.Hold(address.Name.Length > 0 ? $"{address.Name} <{address.Address}>" : address.Address);
        }
        return hold;
    }

    /// <summary>A machine's envelope behind a person's From: help desks and bulk senders both do it, so it only holds.</summary>
    public static Answer RobotEnvelope(InboundMail mail)
    {
        if (mail.Envelope.ReversePath is not { } path)
            return Answer.NotAsked;
        if (HeaderSigns.IsNullPath(path))
            return Answer.Pass();
        if (IsRobot(Local(path)))
            return Answer.Hold(path);
        foreach (var label in Domain(path).Split('.'))
            if (label is "bounce" or "bounces")
                return Answer.Hold(path);
        return Answer.Pass(path);
    }

    /// <summary>Is this lower-case local part a machine's?</summary>
    public static bool IsRobot(string local)
    {
        var plus = local.IndexOf('+', StringComparison.Ordinal);
        var head = plus > 0 ? local[..plus] : local;
        if (head.StartsWith("owner-", StringComparison.Ordinal) || head.EndsWith("-owner", StringComparison.Ordinal)
            || head.EndsWith("-request", StringComparison.Ordinal) || head.EndsWith("-bounces", StringComparison.Ordinal)
            || head.EndsWith("-bounce", StringComparison.Ordinal) || head.EndsWith("-return", StringComparison.Ordinal)
            || head.Contains("-owner-", StringComparison.Ordinal) || head.StartsWith("prvs=", StringComparison.Ordinal) && IsRobot(head[5..]))
            return true;
        var words = Words(head);
        if (words.Length == 0)
            return false;
        // Dots part the names of people ("rob.ot"), dashes the words of machines ("mailer-daemon").
        if (Robots.Contains(head.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal)) || words[0] is "bounce" or "bounces")
            return true;
        // "gmail-noreply", "no-reply-billing", "do_not_reply": the words glued together, starting and ending between words.
        for (var from = 0; from < words.Length; from++)
        {
            var glued = "";
            for (var to = from; to < words.Length && to < from + 5; to++)
            {
                glued += words[to];
                if (glued.Length > 24)
                    break;
                if (Array.IndexOf(NoReply, glued) >= 0 || glued is "mailerdaemon" or "postmaster" or "autoresponder" or "autoreply")
                    return true;
            }
        }
        return false;
    }

    private static string[] Words(string local) =>
        local.Length > 320 ? [] : local.Split(['.', '-', '_', '+', '='], StringSplitOptions.RemoveEmptyEntries);

    private static string Local(string address)
    {
        var text = Bare(address);
        var at = text.LastIndexOf('@');
        return (at < 0 ? text : text[..at]).Trim('"').ToLowerInvariant();
    }

    private static string Domain(string address)
    {
        var text = Bare(address);
        return text[(text.LastIndexOf('@') + 1)..].ToLowerInvariant();
    }

    /// <summary>What stands in angle brackets, if any: Sender comes as written.</summary>
    private static string Bare(string address)
    {
        var open = address.LastIndexOf('<');
        var close = address.LastIndexOf('>');
        return (open >= 0 && close > open ? address[(open + 1)..close] : address).Trim();
    }
}
