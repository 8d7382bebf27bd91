using ReplyMint.Accounts;

namespace ReplyMint.Replies;

/// <summary>Greetings and closings in the mail's language and the mailbox's tone.</summary>
internal static class ReplyWording
{
    /// <summary>"{0}" is the name; the second form greets nobody by name.</summary>
    private sealed record Wording(string Named, string Neutral, string Closing);

    private static readonly Dictionary<(string, Tone), Wording> Words = new()
    {
        [("en", Tone.Professional)] = new("Hello {0},", "Hello,", "Kind regards"),
        [("en", Tone.Friendly)] = new("Hi {0},", "Hi there,", "Best wishes"),
        [("en", Tone.Casual)] = new("Hey {0},", "Hey,", "Cheers"),
        [("en", Tone.Formal)] = new("Dear {0},", "Dear Sir or Madam,", "Yours sincerely"),
        [("de", Tone.Professional)] = new("Guten Tag {0},", "Guten Tag,", "Freundliche Grüße"),
        [("de", Tone.Friendly)] = new("Hallo {0},", "Hallo,", "Herzliche Grüße"),
        [("de", Tone.Casual)] = new("Hi {0},", "Hi,", "Viele Grüße"),
        [("de", Tone.Formal)] = new("Sehr geehrte Damen und Herren,", "Sehr geehrte Damen und Herren,", "Mit freundlichen Grüßen"),
        [("fr", Tone.Professional)] = new("Bonjour {0},", "Bonjour,", "Cordialement"),
        [("fr", Tone.Friendly)] = new("Bonjour {0},", "Bonjour,", "Bien à vous"),
        [("fr", Tone.Casual)] = new("Salut {0},", "Salut,", "À bientôt"),
        [("fr", Tone.Formal)] = new("Madame, Monsieur,", "Madame, Monsieur,", "Veuillez agréer nos salutations distinguées"),
        [("es", Tone.Professional)] = new("Buenos días, {0}:", "Buenos días:", "Saludos cordiales"),
        [("es", Tone.Friendly)] = new("Hola, {0}:", "Hola:", "Un saludo"),
        [("es", Tone.Casual)] = new("¡Hola, {0}!", "¡Hola!", "¡Hasta pronto!"),
        [("es", Tone.Formal)] = new("Estimado/a {0}:", "Estimados señores:", "Atentamente"),
    };

    public static string Greeting(string language, Tone tone, string name)
    {
        var words = Of(language, tone);
        return name.Length == 0 ? words.Neutral : words.Named.Replace("{0}", name, StringComparison.Ordinal);
    }

    public static string Closing(string language, Tone tone) => Of(language, tone).Closing;

    /// <summary>The line before the link by which somebody says that he wants no automatic answers.</summary>
    public static string NoMore(string language) => language switch
    {
        "de" => "Sie möchten keine automatischen Antworten? Hier abbestellen:",
        "fr" => "Vous ne souhaitez plus de réponses automatiques ? C'est ici :",
        "es" => "¿No desea recibir respuestas automáticas? Indíquelo aquí:",
        _ => "You would rather get no automatic answers? Say so here:",
    };

    private static Wording Of(string language, Tone tone) => Words[(ReplyLanguage.IsServed(language) ? language : "en", tone)];
}
