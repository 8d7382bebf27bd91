using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ReplyMint.Knowledge;

/// <summary>A passage as it lies in an index: six texts in UTF-8, each behind its length.</summary>
internal static class PassageText
{
    public static void Write(IBufferWriter<byte> target, Passage passage)
    {
        foreach (var text in (ReadOnlySpan<string>)[passage.Id, passage.Source, passage.Question, passage.Answer, passage.Language, passage.Ref])
        {
            var size = Encoding.UTF8.GetByteCount(text);
            var span = target.GetSpan(size + sizeof(int));
            BinaryPrimitives.WriteInt32LittleEndian(span, size);
            Encoding.UTF8.GetBytes(text, span[sizeof(int)..]);
            target.Advance(size + sizeof(int));
        }
    }

    public static Passage Read(ReadOnlySpan<byte> bytes)
    {
        var id = Next(ref bytes);
        var source = Next(ref bytes);
        var question = Next(ref bytes);
        var answer = Next(ref bytes);
        return new Passage(id, source, question, answer) { Language = Next(ref bytes), Ref = Next(ref bytes) };
    }

    private static string Next(ref ReadOnlySpan<byte> bytes)
    {
        var size = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        var text = Encoding.UTF8.GetString(bytes.Slice(sizeof(int), size));
        bytes = bytes[(sizeof(int) + size)..];
        return text;
    }
}
