namespace ReplyMint.Knowledge;

/// <summary>
/// Walks through the words of a text: lower case, accents folded to ASCII (ä to ae, é to e, composed or not), so that
/// "Öffnungszeiten" and "Oeffnungszeiten" are one. Needs no ICU. Each word is valid until the next <see cref="Next"/>.
/// </summary>
internal ref struct Words(ReadOnlySpan<char> text)
{
    public const int MaxLength = 64;

    private readonly ReadOnlySpan<char> _text = text;
    private WordBuffer _buffer;
    private int _position;
    private int _length;

    public readonly int Length => _length;

    /// <summary>Copies the current word; <paramref name="target"/> holds at least <see cref="MaxLength"/>.</summary>
    public readonly ReadOnlySpan<char> CopyTo(Span<char> target)
    {
        ((ReadOnlySpan<char>)_buffer)[.._length].CopyTo(target);
        return target[.._length];
    }

    public bool Next()
    {
        while (true)
        {
            _length = 0;
            while (_position < _text.Length && !IsWordCharacter(_text[_position]))
                _position++;
            if (_position == _text.Length)
                return false;
            ReadWord();
            if (_length > 0)
                return true;
        }
    }

    private void ReadWord()
    {
        while (_position < _text.Length)
        {
            var c = _text[_position];
            if (IsWordCharacter(c))
            {
                if (IsIdeograph(c))
                {
                    // Scripts without spaces: each sign is a word of its own.
                    if (_length == 0)
                    {
                        Add(c);
                        _position++;
                    }
                    return;
                }
                Append(c);
                _position++;
            }
            else if (c is '\'' or '’' && _position + 1 < _text.Length && char.IsLetter(_text[_position + 1]))
            {
                // customer's, we'll: the ending goes; l'adresse, qu'elle: the article goes; else two words.
                var rest = RestLength();
                if (rest <= 2)
                {
                    _position += 1 + rest;
                    return;
                }
                if (_length > 2)
                    return;
                _position++;
                _length = 0;
            }
            else if (c is '-' && _length == 1 && char.IsLetter(_buffer[0]) && _position + 1 < _text.Length && char.IsLetter(_text[_position + 1]))
            {
                // e-mail, t-shirt, x-ray are written together as often as not.
                _position++;
            }
            else
            {
                return;
            }
        }
    }

    private readonly int RestLength()
    {
        var end = _position + 1;
        while (end < _text.Length && IsWordCharacter(_text[end]) && end - _position <= 4)
            end++;
        return end - _position - 1;
    }

    private static bool IsWordCharacter(char c) =>
        char.IsAsciiLetterOrDigit(c) || (c > 127 && (char.IsLetterOrDigit(c) || IsCombining(c) || char.IsSurrogate(c)));

    private static bool IsCombining(char c) => c is >= '\u0300' and <= '\u036F';

    private static bool IsIdeograph(char c) => c is >= '\u3040' and <= '\u30FF' or >= '\u3400' and <= '\u9FFF';

    private void Append(char c)
    {
        if (char.IsAsciiLetterUpper(c))
            Add((char)(c | 0x20));
        else if (c < 128)
            Add(c);
        else if (IsCombining(c))
        {
            // A diaeresis behind its vowel reads as the composed umlaut would.
            if (c == '\u0308' && _length > 0 && _buffer[_length - 1] is 'a' or 'o' or 'u')
                Add('e');
        }
        else
            AppendFolded(char.ToLowerInvariant(c));
    }

    private void AppendFolded(char c)
    {
        if (c is < '\u00DF' or > '\u017F')
        {
            Add(c);
            return;
        }
        foreach (var folded in Fold(c))
            Add(folded);
    }

    private void Add(char c)
    {
        if (_length < MaxLength)
            _buffer[_length++] = c;
    }

    private static ReadOnlySpan<char> Fold(char c) => c switch
    {
        'ß' => "ss",
        'ä' or 'æ' => "ae",
        'ö' or 'œ' => "oe",
        'ü' => "ue",
        'à' or 'á' or 'â' or 'ã' or 'å' or 'ā' or 'ă' or 'ą' => "a",
        'ç' or 'ć' or 'ĉ' or 'ċ' or 'č' => "c",
        'ď' or 'đ' or 'ð' => "d",
        'è' or 'é' or 'ê' or 'ë' or 'ē' or 'ĕ' or 'ė' or 'ę' or 'ě' => "e",
        'ĝ' or 'ğ' or 'ġ' or 'ģ' => "g",
        'ì' or 'í' or 'î' or 'ï' or 'ĩ' or 'ī' or 'ĭ' or 'į' or 'ı' => "i",
        'ĺ' or 'ļ' or 'ľ' or 'ŀ' or 'ł' => "l",
        'ñ' or 'ń' or 'ņ' or 'ň' => "n",
        'ò' or 'ó' or 'ô' or 'õ' or 'ø' or 'ō' or 'ŏ' or 'ő' => "o",
        'ŕ' or 'ŗ' or 'ř' => "r",
        'ś' or 'ŝ' or 'ş' or 'š' => "s",
        'ţ' or 'ť' or 'ŧ' => "t",
        'ù' or 'ú' or 'û' or 'ũ' or 'ū' or 'ŭ' or 'ů' or 'ű' or 'ų' => "u",
        'ý' or 'ÿ' or 'ŷ' => "y",
        'ź' or 'ż' or 'ž' => "z",
        _ => "",
    };

    [System.Runtime.CompilerServices.InlineArray(MaxLength)]
    private struct WordBuffer
    {
        private char _first;
    }
}
