using System.Buffers.Binary;

namespace ReplyMint.Accounts;

/// <summary>
/// What an authenticator says behind its data (WebAuthn 9.5, CTAP2): one CBOR map with names as keys. Security keys say there of their own
/// accord how they guard a credential (credProtect). None of it is asked for here, so nothing is read of it: it is walked to its end, and
/// has to end where the data ends.
/// </summary>
internal static class ExtensionOutput
{
    // What security keys say takes some tens of bytes; CTAP2 allows no more than four levels.
    private const int MaxBytes = 1_024;
    private const int MaxDepth = 4;

    private const int Bytes = 2, Text = 3, List = 4, Map = 5, Tag = 6;

    /// <summary>Whether these bytes are such a map, and nothing more.</summary>
    public static bool Is(ReadOnlySpan<byte> data) => data.Length is > 0 and <= MaxBytes && data[0] >> 5 == Map && Pass(ref data, MaxDepth) && data.IsEmpty;

    /// <summary>Passes over one item. Lengths are said before what they count, so each step takes a byte at least and the walk ends with the data.</summary>
    private static bool Pass(ref ReadOnlySpan<byte> rest, int depth)
    {
        if (rest.IsEmpty || depth < 0)
            return false;
        var (kind, small) = (rest[0] >> 5, rest[0] & 0x1F);
        rest = rest[1..];
        // 24 to 27: the number stands in the next 1, 2, 4 or 8 bytes. Above it are items without a length, which CTAP2 has none of, nor has it tags.
        var wide = small < 24 ? 0 : 1 << (small - 24);
        if (small > 27 || kind == Tag || rest.Length < wide)
            return false;
        var number = wide switch
        {
            0 => (ulong)small,
            1 => rest[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(rest),
            4 => BinaryPrimitives.ReadUInt32BigEndian(rest),
            _ => BinaryPrimitives.ReadUInt64BigEndian(rest),
        };
        rest = rest[wide..];
        if (kind is not (Bytes or Text or List or Map))
            return true;
        if (number > (ulong)rest.Length)
            return false;
        if (kind is Bytes or Text)
        {
            rest = rest[(int)number..];
            return true;
        }
        for (var i = 0UL; i < number; i++)
            if (kind == Map && !(Key(rest) && Pass(ref rest, 0)) || !Pass(ref rest, depth - 1))
                return false;
        return true;
    }

    /// <summary>Numbers and names name things; what is nested names nothing.</summary>
    private static bool Key(ReadOnlySpan<byte> rest) => !rest.IsEmpty && rest[0] >> 5 is not (List or Map);
}
