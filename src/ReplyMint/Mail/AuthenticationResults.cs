using System.Text;

namespace ReplyMint.Mail;

/// <summary>
/// What one named server said of a mail's sender in its Authentication-Results fields (RFC 8601 2.2). Fields of any other
/// server are somebody's claim and are not read. Works on undecoded values: an encoded word must not become syntax.
/// </summary>
internal static class AuthenticationResults
{
    public const string FieldName = "Authentication-Results";

    /// <summary>Notes that a server's filters leave between such fields; any other field ends what stands together.</summary>
    public static bool MayStandBetween(ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(name, "DKIM-Filter"u8) || Ascii.EqualsIgnoreCase(name, "Received-SPF"u8)
        || (name.Length > 4 && Ascii.EqualsIgnoreCase(name[..4], "ARC-"u8));

    /// <param name="fields">The values of the fields that stand together at the top, the topmost first.</param>
    /// <param name="authservId">The server whose word counts; compared case-blind, as A-labels.</param>
    /// <returns>With all results None when that server said nothing.</returns>
    public static SenderAuthentication Read(IReadOnlyList<string> fields, string authservId)
    {
        // The topmost was added last, by the server itself; what lies below may have come with the mail.
        var said = new Dictionary<string, AuthResult>(StringComparer.Ordinal);
        var trusted = Name(authservId);
        foreach (var field in fields)
        {
            // A field of another server was there before ours came on top; so was everything below it.
            if (Field(field, trusted) is not { } more)
                break;
            foreach (var (method, result) in more)
                said.TryAdd(method, result);
        }
        return new(authservId, said.GetValueOrDefault("spf"), said.GetValueOrDefault("dkim"), said.GetValueOrDefault("dmarc"));
    }

    /// <summary>Whether a field is of that server.</summary>
    internal static bool IsOf(string field, string authservId)
    {
        var scanner = new Scanner(field);
        return authservId.Length > 0 && Name(scanner.Value()) == Name(authservId);
    }

    private static string Name(string authservId) => Domains.ToAscii(authservId.Trim()) ?? authservId.Trim().ToLowerInvariant();

    /// <summary>What one field says, or null when it is another server's.</summary>
    private static Dictionary<string, AuthResult>? Field(string field, string trusted)
    {
        var said = new Dictionary<string, AuthResult>(StringComparer.Ordinal);
        var scanner = new Scanner(field);
        if (trusted.Length == 0 || Name(scanner.Value()) != trusted)
            return null;
        scanner.SkipStatement();
        while (scanner.Statement() is { } statement)
        {
            // One good signature is enough, whatever the others were.
            if (statement.Method == "dkim" && statement.Result == AuthResult.Pass)
                said["dkim"] = AuthResult.Pass;
            else
                said.TryAdd(statement.Method, statement.Result);
        }
        return said;
    }

    private static AuthResult Result(string word) => word switch
    {
        "pass" => AuthResult.Pass,
        // "policy" is a pass that the server's own policy does not accept; "hardfail" is what older servers call it.
        "fail" or "hardfail" or "policy" => AuthResult.Fail,
        "softfail" => AuthResult.SoftFail,
        "neutral" => AuthResult.Neutral,
        "temperror" => AuthResult.TempError,
        "permerror" => AuthResult.PermError,
        _ => AuthResult.None,
    };

    /// <summary>Reads tokens and quoted strings, stepping over white space and nested comments, in one pass.</summary>
    private ref struct Scanner(string text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private int _at;

        /// <summary>The next "method[/version] = result", or null at the end. What belongs to it (reason, properties) is skipped.</summary>
        public (string Method, AuthResult Result)? Statement()
        {
            while (_at < _text.Length)
            {
                var method = Value().ToLowerInvariant();
                Skip();
                if (Take('/'))
                {
                    Value();
                    Skip();
                }
                if (method.Length > 0 && Take('='))
                {
                    var result = Result(Value().ToLowerInvariant());
                    SkipStatement();
                    return (method, result);
                }
                SkipStatement();
            }
            return null;
        }

        /// <summary>To behind the next semicolon that stands in no comment and no quoted string.</summary>
        public void SkipStatement()
        {
            while (_at < _text.Length)
            {
                Skip();
                if (_at == _text.Length)
                    return;
                if (Take(';'))
                    return;
                if (Value().Length == 0)
                    _at++;
            }
        }

        /// <summary>A token or the content of a quoted string; empty when something else stands here.</summary>
        public string Value()
        {
            Skip();
            if (Take('"'))
            {
                var content = new StringBuilder();
                while (_at < _text.Length && _text[_at] != '"')
                {
                    if (_text[_at] == '\\' && _at + 1 < _text.Length)
                        _at++;
                    content.Append(_text[_at++]);
                }
                _at = Math.Min(_at + 1, _text.Length);
                return content.ToString();
            }
            var start = _at;
            while (_at < _text.Length && _text[_at] is not (' ' or '\t' or '\r' or '\n' or '(' or ')' or '"' or ';' or '=' or '/'))
                _at++;
            return _text[start.._at].ToString();
        }

        private bool Take(char c)
        {
            if (_at >= _text.Length || _text[_at] != c)
                return false;
            _at++;
            return true;
        }

        private void Skip()
        {
            var depth = 0;
            for (; _at < _text.Length; _at++)
            {
                var c = _text[_at];
                if (c == '(')
                    depth++;
                else if (c == ')' && depth > 0)
                    depth--;
                else if (c == '\\' && depth > 0 && _at + 1 < _text.Length)
                    _at++;
                else if (depth == 0 && c is not (' ' or '\t' or '\r' or '\n'))
                    return;
            }
        }
    }
}
