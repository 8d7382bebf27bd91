namespace ReplyMint.Mail;

/// <summary>The parts of a plain text: what was newly written, the signature, what was quoted.</summary>
internal sealed record TrimmedText(string Reply, string Signature, string Quoted);

/// <summary>Parts a mail's text into what a person newly wrote and what the mail program or an older mail added.</summary>
internal static class ReplyTrimmer
{
    public static TrimmedText Trim(string text)
    {
        var reply = new List<string>();
        var signature = new List<string>();
        var quoted = new List<string>();
        var into = reply;
        foreach (var line in text.Split('\n'))
        {
            var trimmed = line.TrimEnd();
            if (trimmed.StartsWith('>'))
            {
                quoted.Add(trimmed);
                continue;
            }
            if (into == reply && trimmed is "--" or "-- ")
                into = signature;
            into.Add(trimmed);
        }
        return new(string.Join('\n', reply).Trim(), string.Join('\n', signature).Trim(), string.Join('\n', quoted).Trim());
    }
}
