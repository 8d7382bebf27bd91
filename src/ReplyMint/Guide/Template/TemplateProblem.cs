namespace ReplyMint.Guide;

/// <summary>Something that the template lacks.</summary>
/// <param name="Controls">The controls whose promise it breaks, with blanks between them.</param>
internal readonly record struct TemplateProblem(string Controls, string Text);
