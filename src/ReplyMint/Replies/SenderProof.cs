using ReplyMint.Mail;

namespace ReplyMint.Replies;

/// <summary>Rule 11: is the sender proved, and does the answer go to where the mail came from?</summary>
internal static class SenderProof
{
    public static Answer Dmarc(SenderAuthentication? proof, bool expected)
    {
        if (proof is null)
            return Answer.NotAsked;
        if (proof.Vouched)
            return Answer.Pass("vouched for by " + proof.Source);
        var saw = $"{proof.Source}: spf {proof.Spf}, dkim {proof.Dkim}, dmarc {proof.Dmarc}";
        if (proof.Dmarc == AuthResult.Pass)
            return Answer.Pass(saw);
        if (proof.Dmarc == AuthResult.Fail)
            return Answer.Hold(saw);
        if (proof.Spf == AuthResult.Pass || proof.Dkim == AuthResult.Pass)
            return Answer.Pass(saw);
        // Nobody said anything, or said that nothing holds: an answer could go to somebody who never wrote.
        return expected || proof.Spf == AuthResult.Fail || proof.Dkim == AuthResult.Fail ? Answer.Hold(saw) : Answer.Pass(saw);
    }

    public static Answer ReplyTo(InboundMail mail, SenderAuthentication? proof)
    {
        if (proof is null)
            return Answer.NotAsked;
        if (mail.Author is not { } author)
            return Answer.Pass();
        foreach (var address in mail.ReplyTo)
            if (!SameOrganisation(author.Address, address.Address))
                return Answer.Hold(address.Address);
        return Answer.Pass();
    }

    /// <summary>Of two addresses; what is no address belongs to nobody.</summary>
    public static bool SameOrganisation(string one, string other) =>
        AddressRules.Normalize(one) is { } a && AddressRules.Normalize(other) is { } b
        && AddressRules.SameOrganisation(AddressRules.Domain(a), AddressRules.Domain(b));
}
