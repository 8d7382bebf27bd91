using System.Text;

namespace ReplyMint.Accounts;

/// <summary>Subject and text of the mails that lead people in, in the languages that are served.</summary>
internal static class SignInLetters
{
    /// <summary>"{0}" is the link, "{1}" a tenant's name.</summary>
    private sealed record Words(string SignInSubject, string SignIn, string NewTenantSubject, string NewTenant, string InvitationSubject, string Invitation);

    private static readonly Dictionary<string, Words> ByLanguage = new(StringComparer.Ordinal)
    {
        ["en"] = new(
            "Sign in to ReplyMint",
            "Open this link within 10 minutes, in the browser in which you asked for it:\n\n{0}\n\nIt works once. If you did not ask for it, do nothing: without your browser nobody can use it.\n",
            "Your new ReplyMint account",
            "Open this link within 10 minutes, in the browser in which you asked for it, and \"{1}\" is set up for you:\n\n{0}\n\nIt works once. If you did not ask for it, do nothing: no account is made.\n",
            "You are invited to ReplyMint",
            "You are invited to join \"{1}\" in ReplyMint. Open this link within 7 days to accept:\n\n{0}\n\nIt works once. You will then get a second mail with a link to sign in. If you don't know what this is about, do nothing.\n"),
        ["de"] = new(
            "Anmelden bei ReplyMint",
            "Öffnen Sie diesen Link innerhalb von 10 Minuten in dem Browser, in dem Sie ihn angefordert haben:\n\n{0}\n\nEr gilt einmal. Wenn Sie ihn nicht angefordert haben, tun Sie nichts: Ohne Ihren Browser kann ihn niemand verwenden.\n",
            "Ihr neues ReplyMint-Konto",
            "Öffnen Sie diesen Link innerhalb von 10 Minuten in dem Browser, in dem Sie ihn angefordert haben; dann wird „{1}“ für Sie eingerichtet:\n\n{0}\n\nEr gilt einmal. Wenn Sie ihn nicht angefordert haben, tun Sie nichts: Es entsteht kein Konto.\n",
            "Sie sind zu ReplyMint eingeladen",
            "Sie sind eingeladen, in ReplyMint bei „{1}“ mitzuarbeiten. Öffnen Sie diesen Link innerhalb von 7 Tagen, um anzunehmen:\n\n{0}\n\nEr gilt einmal. Danach erhalten Sie eine zweite E-Mail mit einem Link zum Anmelden. Wenn Sie nicht wissen, worum es geht, tun Sie nichts.\n"),
        ["fr"] = new(
            "Connexion à ReplyMint",
            "Ouvrez ce lien dans les 10 minutes, dans le navigateur où vous l'avez demandé :\n\n{0}\n\nIl ne sert qu'une fois. Si vous ne l'avez pas demandé, ne faites rien : sans votre navigateur, personne ne peut l'utiliser.\n",
            "Votre nouveau compte ReplyMint",
            "Ouvrez ce lien dans les 10 minutes, dans le navigateur où vous l'avez demandé, et « {1} » sera créé pour vous :\n\n{0}\n\nIl ne sert qu'une fois. Si vous ne l'avez pas demandé, ne faites rien : aucun compte n'est créé.\n",
            "Vous êtes invité à ReplyMint",
            "Vous êtes invité à rejoindre « {1} » dans ReplyMint. Ouvrez ce lien dans les 7 jours pour accepter :\n\n{0}\n\nIl ne sert qu'une fois. Vous recevrez ensuite un second message avec un lien de connexion. Si vous ne savez pas de quoi il s'agit, ne faites rien.\n"),
        ["es"] = new(
            "Iniciar sesión en ReplyMint",
            "Abra este enlace en los próximos 10 minutos, en el navegador en el que lo pidió:\n\n{0}\n\nSirve una sola vez. Si no lo pidió, no haga nada: sin su navegador nadie puede usarlo.\n",
            "Su nueva cuenta de ReplyMint",
            "Abra este enlace en los próximos 10 minutos, en el navegador en el que lo pidió, y se creará «{1}» para usted:\n\n{0}\n\nSirve una sola vez. Si no lo pidió, no haga nada: no se crea ninguna cuenta.\n",
            "Le han invitado a ReplyMint",
            "Le han invitado a unirse a «{1}» en ReplyMint. Abra este enlace en los próximos 7 días para aceptar:\n\n{0}\n\nSirve una sola vez. Después recibirá un segundo mensaje con un enlace para iniciar sesión. Si no sabe de qué se trata, no haga nada.\n"),
    };

    public static (string Subject, string Text) SignIn(string? language, string link)
    {
        var words = Of(language);
        return (words.SignInSubject, Fill(words.SignIn, link, ""));
    }

    public static (string Subject, string Text) NewTenant(string? language, string link, string tenant)
    {
        var words = Of(language);
        return (words.NewTenantSubject, Fill(words.NewTenant, link, tenant));
    }

    public static (string Subject, string Text) Invitation(string? language, string link, string tenant)
    {
        var words = Of(language);
        return (words.InvitationSubject, Fill(words.Invitation, link, tenant));
    }

    private static Words Of(string? language) => ByLanguage.GetValueOrDefault(language ?? "en", ByLanguage["en"]);

    private static string Fill(string text, string link, string tenant) =>
        text.Replace("{1}", Name(tenant), StringComparison.Ordinal).Replace("{0}", link, StringComparison.Ordinal);

    /// <summary>Whoever makes a tenant chooses its name, and we send it to people: no link, address or second line comes of it.</summary>
    private static string Name(string tenant)
    {
        var name = new StringBuilder();
        foreach (var rune in tenant.EnumerateRunes())
        {
            if (name.Length >= 60)
                break;
            name.Append(Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark
                || rune.Value is '-' or '&' or '\'' or ' ' ? rune.ToString() : " ");
        }
        return string.Join(' ', name.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}

/// <summary>Languages of the mails that lead people in.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(Security.WireEnum<LetterLanguage>))]
internal enum LetterLanguage { En, De, Fr, Es }
