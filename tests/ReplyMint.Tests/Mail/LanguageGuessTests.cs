using ReplyMint.Mail;
using Xunit;

namespace ReplyMint.Tests.Mail;

public sealed class LanguageGuessTests
{
    [Theory]
    [InlineData("en", "Hello, how can I reset my password? I have tried the link that you sent.")]
    [InlineData("de", "Guten Tag, wie kann ich mein Passwort zurücksetzen? Der Link, den Sie mir geschickt haben, geht nicht.")]
    [InlineData("fr", "Bonjour, comment puis-je changer mon mot de passe ? Le lien que vous avez envoyé ne marche pas.")]
    [InlineData("es", "Hola, ¿cómo puedo cambiar mi contraseña? El enlace que me ha enviado no funciona. Gracias")]
    [InlineData("en", "When are you open?")]
    [InlineData("de", "Wann haben Sie geöffnet?")]
    [InlineData("", "Ciao, come posso cambiare la password?")]
    [InlineData("", "4711 / 0815")]
    [InlineData("", "")]
    [InlineData("", "Здравствуйте, как изменить пароль?")]
    [InlineData("", "OK")]
    [InlineData("", "Goedemiddag, hoe kan ik het wachtwoord van mijn rekening wijzigen?")]
    public void The_language_is_told_or_nothing_is(string language, string text) => Assert.Equal(language, LanguageGuess.Of(text));
}
