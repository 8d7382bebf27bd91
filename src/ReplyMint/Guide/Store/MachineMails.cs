namespace ReplyMint.Guide;

/// <summary>A small corpus of our own of what machines send to a mailbox that answers, and of what people do.</summary>
internal static class MachineMails
{
    public const string Mailbox = "support@shop.example";

    private const string Anna = "anna@customer.example";

    /// <summary>Kind, reverse path, mail.</summary>
    public static IReadOnlyList<(string Kind, string Path, string Mail)> All { get; } =
    [
        ("no reverse path", "", Of("Anna <anna@customer.example>", "Re: Your order")),
        ("delivery report", "", Of("Mail Delivery System <MAILER-DAEMON@mx.customer.example>", "Undelivered Mail Returned to Sender", "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b",
            "--b\n\nIt could not be delivered.\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--")),
        ("read receipt", Anna, Of("Anna <anna@customer.example>", "Read: Your order", "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b",
            "--b\n\nIt was read.\n--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action; displayed\n--b--")),
        ("vacation", Anna, Of("Anna <anna@customer.example>", "Away", "Auto-Submitted: auto-replied (vacation)")),
        ("notification", "robot@bank.example", Of("Your bank <robot@bank.example>", "Statement", "Auto-Submitted: auto-generated")),
        ("bulk", "news@letters.example", Of("News <news@letters.example>", "This week", "Precedence: bulk")),
        ("list", "list-bounces@lists.example", Of("Anna <anna@customer.example>", "[list] Hello", "List-Id: <talk.lists.example>")),
        ("newsletter", "x@letters.example", Of("Shop <x@letters.example>", "Sale", "List-Unsubscribe: <https://letters.example/u>")),
        ("asks for silence", Anna, Of("Anna <anna@customer.example>", "Hello", "X-Auto-Response-Suppress: All")),
        ("old autoresponder", Anna, Of("Anna <anna@customer.example>", "Hello", "X-Autoreply: yes")),
        ("old vacation", Anna, Of("Anna <anna@customer.example>", "Hello", "X-Autorespond: I am away")),
        ("no-reply", "no-reply@service.example", Of("Service <no-reply@service.example>", "Your account")),
        ("daemon", "postmaster@customer.example", Of("Postmaster <postmaster@customer.example>", "Quota")),
        ("out of office, by its subject", Anna, Of("Anna <anna@customer.example>", "Automatic reply: Your order")),
        ("out of office in German, by its subject", Anna, Of("Anna <anna@customer.example>", "Abwesenheitsnotiz: Ihre Bestellung")),
        ("own address", Mailbox, Of($"Shop <{Mailbox}>", "Hello")),
    ];

    public static IReadOnlyList<(string Kind, string Path, string Mail)> People { get; } =
    [
        ("question", Anna, Of("Anna <anna@customer.example>", "When does my order arrive?")),
        ("reply", Anna, Of("Anna <anna@customer.example>", "Re: Your order", "In-Reply-To: <1@shop.example>\nAuto-Submitted: no")),
    ];

    private static string Of(string from, string subject, string more = "", string text = "When does my order arrive? I wait since Monday.") =>
        $"From: {from}\nTo: Shop <{Mailbox}>\nSubject: {subject}\nMessage-ID: <guide@customer.example>\nDate: Tue, 24 Nov 2026 11:59:00 +0000\n{(more.Length > 0 ? more + "\n" : "")}\n{text}\n";
}
