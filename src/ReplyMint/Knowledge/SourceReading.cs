namespace ReplyMint.Knowledge;

/// <summary>Something of a file that could not be read, or was read otherwise than written.</summary>
/// <param name="Line">From 1; 0 when it concerns the whole file.</param>
/// <param name="What">For a person; ends with a full stop.</param>
/// <param name="Lost">False when all was read and this is only to be known.</param>
internal sealed record ReadProblem(string File, int Line, string What, bool Lost = true)
{
    public override string ToString() => Line > 0 ? $"{File}:{Line}: {What}" : $"{File}: {What}";
}

/// <summary>What a file of knowledge holds, and what of it could not be read.</summary>
/// <param name="ContentHash">SHA-256 of the file's bytes in lower-case hex: the same file again changes nothing.</param>
internal sealed record SourceReading(string Name, string ContentHash, IReadOnlyList<Passage> Passages, IReadOnlyList<ReadProblem> Problems);

/// <summary>A question with its answer as a file gives it, before it is bounded and numbered.</summary>
/// <param name="Ref">The entry's own id, or empty.</param>
internal readonly record struct Entry(int Line, string Question, string Answer, string Ref = "");
