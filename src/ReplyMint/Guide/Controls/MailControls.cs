namespace ReplyMint.Guide;

/// <summary>MAIL: what the product exists for, and must not do.</summary>
internal static class MailControls
{
    public static IReadOnlyList<Control> All { get; } =
    [
        new("MAIL-1", "Mail for nobody here is refused, and leaves nothing but a count",
            "What is taken and then bounced goes to somebody whose address was forged.",
            "Report it (SECURITY.md): the product holds this, no setting does.",
            "RFC 5321 3.6.2; RFC 3834",
            Check.Rehearse(MailRehearsals.UnknownAsync), Check.Config(LeavingConfig.RecipientsAsync)),
        new("MAIL-2", "Nothing is relayed: one sender, one recipient",
            "An open relay is on every block list within the hour.",
            "Report it (SECURITY.md): the product holds this, no setting does.",
            "RFC 5321 7.1; API Top 10 2023 API6",
            Check.Rehearse(MailRehearsals.RelayAsync)),
        new("MAIL-3", "No machine is answered",
            "Two machines that answer each other never stop.",
            "Report the mail that was answered: each belongs into the shipped corpus.",
            "RFC 3834; RFC 5230 4.6; API Top 10 2023 API6",
            Check.Config(MailConfig.Machines)),
        new("MAIL-4", "No mail is answered twice, by two paths neither",
            "Two answers to one question are a mistake that the customer sees.",
            "Settle what is uncertain: replymint outbox list.",
            "RFC 3834 2; ASVS 5.0 V2.3.3",
            Check.Rehearse(MailRehearsals.TwiceAsync)),
        new("MAIL-5", "Answers are limited by thread, person, tenant and installation; stop switches hold",
            "A rule that went wrong would write to everybody before anybody wakes.",
            "Bring rates.tenantHour and rates.installationHour near what you send in an hour; replymint switch list shows what is stopped.",
            "RFC 3834; API Top 10 2023 API6; ASVS 5.0 V2.3.2; LLM Top 10 2025 LLM10",
            Check.Config(MailConfig.RatesAsync), Check.Rehearse(MailRehearsals.RatesAsync)),
        new("MAIL-6", "What is believed of a sender comes from named servers",
            "Whoever may say who wrote a mail decides whom we answer.",
            "Narrow smtp.networks to your relay and name it in smtp.authservId; see that it removes foreign fields of its name.",
            "RFC 8601 5; RFC 7489; ASVS 5.0 V4.1.3",
            Check.Config(MailConfig.Believed)),
        new("MAIL-7", "Nothing leaves without the guard, or a person's recorded decision",
            "A draft that nobody judged is the model's word in your name.",
            "Report it (SECURITY.md): the product holds this, no setting does.",
            "LLM Top 10 2025 LLM05, LLM06, LLM07, LLM09; ASVS 5.0 V2.3.1",
            Check.Config(LeavingConfig.Guarded), Check.Rehearse(MailRehearsals.GuardAsync)),
        new("MAIL-8", "SMTP in is strict about line ends, STARTTLS and sizes",
            "What one server reads as one mail and the next as two is a forged mail.",
            "Set smtp.certificateFile; leave smtp.max* near their defaults; put nothing between that rewrites the dialogue.",
            "RFC 5321 4.1.1.4; RFC 3207 4.2, 6; RFC 1870",
            Check.LiveUnasked(SmtpChecks.BoundsAsync), Check.Rehearse(InputRehearsals.EndOfDataAsync)),
    ];
}
