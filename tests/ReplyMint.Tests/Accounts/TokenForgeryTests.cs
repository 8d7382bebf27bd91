using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ReplyMint.Accounts;
using ReplyMint.Security;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Accounts;

/// <summary>Tokens that are none, sent to the door (AUTH-2): each is answered 401, and like every other.</summary>
public sealed class TokenForgeryTests
{
    private const string Order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    private const string OrderLessOne = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";

    private static IEnumerable<(string Name, string Authorization)> Table(Forgery f, ProductHost host)
    {
        var now = host.Time.GetUtcNow().ToUnixTimeSeconds();
        var tokens = new List<(string, string)>();
        void Add(string name, string token) => tokens.Add((name, "Bearer " + token));

        // No algorithm, another one, or the right one by another name.
        foreach (var none in new[] { "none", "None", "NONE", "nOnE", "" })
        {
            Add($"alg {none}, no signature", $"{Forgery.Url(f.HeaderWith(h => h["alg"] = none))}.{f.Payload}.");
            Add($"alg {none}, good signature", $"{Forgery.Url(f.HeaderWith(h => h["alg"] = none))}.{f.Payload}.{f.Signature}");
        }
        foreach (var other in new[] { "es256", "Es256", "ES256 ", "ES384", "ES512", "ES256K", "RS256", "PS256", "HS256", "EdDSA" })
            Add($"alg {other}, signed as ES256", f.Headed(h => h["alg"] = other));
        Add("no alg", f.Headed(h => h.Remove("alg")));
        Add("alg null", f.Headed(h => h["alg"] = null));
        Add("alg a number", f.Headed(h => h["alg"] = 256));
        Add("alg a list", f.Headed(h => h["alg"] = new JsonArray("ES256")));
        Add("ES384's hash under ES256's name", f.Sign(f.HeaderWith(_ => { }), f.PayloadWith(_ => { }), hash: HashAlgorithmName.SHA384));

        // The public key as the secret of an HMAC.
        var hmac = f.HeaderWith(h => h["alg"] = "HS256");
        Add("HS256 with the public key's PEM", f.Hmac(hmac, f.PublicPem()));
        Add("HS256 with the public key's PEM without its end of line", f.Hmac(hmac, f.PublicPem().AsSpan().TrimEnd((byte)'\n').ToArray()));
        Add("HS256 with the public key's DER", f.Hmac(hmac, f.PublicDer()));
        Add("HS256 with the public key's JWK", f.Hmac(hmac, Encoding.UTF8.GetBytes(f.PublicJwk().ToJsonString())));
        Add("HS256 with x", f.Hmac(hmac, f.Key.X));
        Add("HS256 with x and y", f.Hmac(hmac, [.. f.Key.X, .. f.Key.Y]));
        Add("HS256 with the point", f.Hmac(hmac, [4, .. f.Key.X, .. f.Key.Y]));
        Add("HS256 with nothing", f.Hmac(hmac, []));
        Add("an HMAC under ES256's name", f.Hmac(f.HeaderWith(_ => { }), f.PublicPem()));

        // Another key than ours, brought along in every way that a header knows.
        foreach (var kid in new[] { "", "j00000000000000000000", "../../dev/null", "/dev/null", "' OR 1=1 --", "signing-keys", "installation", f.Key.Id.ToUpperInvariant(), f.Key.Id + " ", f.Key.Id + "\0", "https://evil.example/key" })
            Add($"kid {kid}", f.Headed(h => h["kid"] = kid));
        Add("no kid", f.Headed(h => h.Remove("kid")));
        Add("kid a number", f.Headed(h => h["kid"] = 1));
        Add("another installation's key of the same name", f.Sign(f.HeaderWith(_ => { }), f.PayloadWith(_ => { }), f.Foreign));
        foreach (var (name, value) in new (string, JsonNode)[]
        {
            ("jku", "https://evil.example/jwks.json"), ("x5u", "https://evil.example/cert.pem"), ("x5c", new JsonArray("MIIB")), ("x5t", "AAAA"), ("x5t#S256", "AAAA"), ("jwk", f.PublicJwk(f.Foreign)),
        })
        {
            Add($"{name}, signed with the key it brings", f.Sign(f.HeaderWith(h => h[name] = value.DeepClone()), f.PayloadWith(_ => { }), f.Foreign));
            Add($"{name}, signed with our key", f.Headed(h => h[name] = value.DeepClone()));
        }
        Add("jwk of our own key", f.Headed(h => h["jwk"] = f.PublicJwk()));

        // Headers that ask for more than we do.
        Add("a time of signing in the header", f.Headed(h => h["iat"] = 1));
        Add("crit", f.Headed(h => h["crit"] = new JsonArray("exp")));
        Add("crit empty", f.Headed(h => h["crit"] = new JsonArray()));
        Add("crit of what is not there", f.Headed(h => { h["crit"] = new JsonArray("http://x.example/y"); h["http://x.example/y"] = true; }));
        Add("b64 false", f.Headed(h => h["b64"] = false));
        Add("b64 false and critical", f.Headed(h => { h["b64"] = false; h["crit"] = new JsonArray("b64"); }));
        Add("cty JWT", f.Headed(h => h["cty"] = "JWT"));
        Add("zip", f.Headed(h => h["zip"] = "DEF"));
        Add("enc", f.Headed(h => h["enc"] = "A128GCM"));
        foreach (var typ in new[] { "JWT", "jwt", "AT+JWT", "application/at+jwt", "id_token", "dpop+jwt", "" })
            Add($"typ {typ}", f.Headed(h => h["typ"] = typ));
        Add("no typ", f.Headed(h => h.Remove("typ")));
        Add("a member of no known name", f.Headed(h => h["x"] = "y"));

        // Times.
        Add("expired", f.Says(p => { p["exp"] = now; }));
        Add("expired long ago", f.Says(p => { p["nbf"] = now - 7200; p["iat"] = now - 7200; p["exp"] = now - 6600; }));
        Add("not yet valid", f.Says(p => { p["nbf"] = now + 1; p["iat"] = now + 1; p["exp"] = now + 601; }));
        Add("issued before it is valid", f.Says(p => { p["iat"] = (long)p["nbf"]! - 1; }));
        Add("alive for a year", f.Says(p => p["exp"] = now + 31_536_000));
        Add("alive for eleven minutes", f.Says(p => p["exp"] = now + 660));
        foreach (var time in new[] { "exp", "nbf", "iat" })
        {
            Add($"no {time}", f.Says(p => p.Remove(time)));
            Add($"{time} a text", f.Says(p => p[time] = p[time]!.ToString()));
            Add($"{time} null", f.Says(p => p[time] = null));
            Add($"{time} a list", f.Says(p => p[time] = new JsonArray((long)p[time]!)));
            Add($"{time} a fraction", f.SaysRaw(f.PayloadWith(p => p[time] = 111).Replace("111", $"{now + 300}.0", StringComparison.Ordinal)));
        }
        Add("exp beyond all numbers", f.SaysRaw(f.PayloadWith(p => p["exp"] = 111).Replace("111", "99999999999999999999999", StringComparison.Ordinal)));
        Add("exp with an exponent", f.SaysRaw(f.PayloadWith(p => p["exp"] = 111).Replace("111", "1e30", StringComparison.Ordinal)));
        Add("exp at the end of time", f.Says(p => p["exp"] = long.MaxValue));
        Add("nbf below zero", f.Says(p => p["nbf"] = -1));

        // For others, by others, of others.
        foreach (var claim in new[] { "iss", "aud", "sub", "tenant", "sid", "jti" })
        {
            Add($"no {claim}", f.Says(p => p.Remove(claim)));
            Add($"{claim} empty", f.Says(p => p[claim] = ""));
            Add($"{claim} null", f.Says(p => p[claim] = null));
            Add($"{claim} a number", f.Says(p => p[claim] = 1));
            Add($"{claim} a list", f.Says(p => p[claim] = new JsonArray(p[claim]!.DeepClone())));
        }
        Add("iss of another", f.Says(p => p["iss"] = "https://evil.example"));
        Add("iss with a slash behind", f.Says(p => p["iss"] = p["iss"]! + "/"));
        Add("iss in capitals", f.Says(p => p["iss"] = ((string)p["iss"]!).ToUpperInvariant()));
        Add("aud of another", f.Says(p => p["aud"] = "https://other.example/api/v1"));
        Add("aud the issuer", f.Says(p => p["aud"] = (string)p["iss"]!));
        Add("aud two, ours among them", f.Says(p => p["aud"] = new JsonArray((string)p["aud"]!, "https://other.example")));
        Add("sub unknown", f.Says(p => p["sub"] = "u00000000000000000000"));
        Add("sub a path", f.Says(p => p["sub"] = "../" + p["sub"]));
        Add("tenant unknown", f.Says(p => p["tenant"] = "t00000000000000000000"));
        Add("tenant the installation", f.Says(p => p["tenant"] = "installation"));
        Add("sid unknown", f.Says(p => p["sid"] = "s00000000000000000000"));
        Add("sid a path", f.Says(p => p["sid"] = "x/" + p["sid"]));
        Add("sid too long", f.Says(p => p["sid"] = new string('s', 65)));
        Add("a claim of no known name", f.Says(p => p["role"] = "operator"));
        Add("a claim in place of another", f.Says(p => { p.Remove("jti"); p["role"] = "operator"; }));

        // JSON that two readers read in two ways.
        var payload = f.PayloadWith(_ => { });
        Add("sub twice", f.SaysRaw(payload[..^1] + ",\"sub\":\"u00000000000000000000\"}"));
        Add("exp twice", f.SaysRaw(payload[..^1] + $",\"exp\":{now + 300}}}"));
        Add("alg twice", f.HeadedRaw(f.HeaderWith(_ => { })[..^1] + ",\"alg\":\"none\"}"));
        Add("kid twice", f.HeadedRaw(f.HeaderWith(_ => { })[..^1] + $",\"kid\":\"{f.Key.Id}\"}}"));
        Add("alg with an escape", f.HeadedRaw(f.HeaderWith(_ => { }).Replace("ES256", "ES25\\u0036", StringComparison.Ordinal)));
        Add("a name with an escape", f.SaysRaw(payload.Replace("\"exp\"", "\"ex\\u0070\"", StringComparison.Ordinal)));
        Add("something behind the claims", f.SaysRaw(payload + "{}"));
        Add("a comma too many", f.SaysRaw(payload[..^1] + ",}"));
        Add("a comment", f.SaysRaw(payload[..^1] + "/* */}"));
        Add("claims in a list", f.SaysRaw($"[{payload}]"));
        Add("claims a text", f.SaysRaw("\"claims\""));
        Add("no claims", f.SaysRaw("{}"));
        Add("a byte order mark", f.SaysRaw("\ufeff" + payload));
        Add("bytes that are no UTF-8", Latin(f, payload.Replace("\"jti\":\"", "\"jti\":\"\u00ff", StringComparison.Ordinal)));
        Add("a nested token", f.Sign(f.HeaderWith(h => h["cty"] = "JWT"), f.Good));
        Add("a token as claims", f.SaysRaw(f.Good));

        // What was signed, changed behind it.
        Add("claims changed", $"{f.Header}.{Forgery.Url(f.PayloadWith(p => p["sub"] = "u00000000000000000000"))}.{f.Signature}");
        Add("header changed", $"{Forgery.Url(f.HeaderWith(h => h["kid"] = "j00000000000000000000"))}.{f.Payload}.{f.Signature}");
        for (var i = 0; i < 3; i++)
            Add($"part {i} with another character", Flip(f.Good, f.Good.Split('.').Take(i).Sum(part => part.Length + 1) + 7));
        Add("the signature of another token", $"{f.Header}.{f.Payload}.{f.Says(p => p["jti"] = "a00000000000000000000").Split('.')[2]}");

        // Signatures of another form, and the numbers that always verify somewhere.
        Add("signature in DER", f.Sign(f.HeaderWith(_ => { }), payload, format: DSASignatureFormat.Rfc3279DerSequence));
        Add("no signature", $"{f.Header}.{f.Payload}.");
        Add("signature of zeros", f.WithSignature(new byte[64]));
        Add("signature of ones", f.WithSignature([.. Enumerable.Repeat((byte)0xff, 64)]));
        foreach (var (r, s) in new[] { ("0", "1"), ("1", "0"), ("1", "1"), (Order, "1"), ("1", Order), (Order, Order), (OrderLessOne, OrderLessOne), ("0", Order) })
            Add($"r={r[..Math.Min(3, r.Length)]} s={s[..Math.Min(3, s.Length)]}", f.WithSignature(Forgery.Pair(r, s)));
        var signature = StrictBase64Url.Decode(f.Signature)!;
        Add("signature too short", f.WithSignature(signature[..63]));
        Add("signature too long", f.WithSignature([.. signature, 0]));
        Add("signature with a zero in front", f.WithSignature([0, .. signature]));
        Add("signature of 48-byte numbers", f.WithSignature([.. new byte[16], .. signature[..32], .. new byte[16], .. signature[32..]]));
        Add("r and s exchanged", f.WithSignature([.. signature[32..], .. signature[..32]]));

        // The same bytes written otherwise.
        Add("padding", f.Good + "==");
        Add("padding escaped", f.Good + "%3D%3D");
        Add("bits behind the last byte", f.Good[..^1] + Other(f.Good[^1]));
        Add("the standard alphabet", f.Good.Replace('-', '+').Replace('_', '/') + (f.Good.AsSpan().ContainsAny('-', '_') ? "" : "+"));
        Add("a character more", f.Good + "A");
        Add("a blank inside", f.Good.Insert(9, " "));
        Add("a tab inside", f.Good.Insert(f.Header.Length + 5, "\t"));
        Add("blanks behind", f.Good + " x");
        Add("a comma behind", f.Good + ",");

        // Other shapes.
        Add("nothing", "");
        Add("a dot", ".");
        Add("two dots", "..");
        Add("three dots", "...");
        Add("no header", $".{f.Payload}.{f.Signature}");
        Add("no claims at all", $"{f.Header}..{f.Signature}");
        Add("two parts", $"{f.Header}.{f.Payload}");
        Add("four parts", f.Good + ".x");
        Add("an empty part behind", f.Good + ".");
        Add("five parts, as if encrypted", $"{f.Header}.{f.Payload}.{f.Payload}.{f.Payload}.{f.Signature}");
        Add("the JSON form", $$"""{"payload":"{{f.Payload}}","protected":"{{f.Header}}","signature":"{{f.Signature}}"}""");
        foreach (var length in new[] { 1, 10, f.Header.Length, f.Good.Length / 2, f.Good.Length - 1 })
            Add($"cut at {length}", f.Good[..length]);
        Add("too long", f.Says(p => p["jti"] = new string('a', 3_000)));
        Add("much too long", new string('a', 5_000));
        Add("doubled", f.Good + f.Good);

        // Other ways to send it.
        tokens.Add(("no scheme", f.Good));
        tokens.Add(("scheme Basic", "Basic " + f.Good));
        tokens.Add(("scheme Token", "Token " + f.Good));
        tokens.Add(("scheme DPoP", "DPoP " + f.Good));
        tokens.Add(("scheme twice", "Bearer Bearer " + f.Good));
        tokens.Add(("two blanks", "Bearer  " + f.Good));
        tokens.Add(("a tab", "Bearer\t" + f.Good));
        tokens.Add(("a colon", "Bearer: " + f.Good));
        tokens.Add(("in quotes", $"Bearer \"{f.Good}\""));
        tokens.Add(("a list", $"Bearer {f.Good}, Bearer {f.Good}"));
        tokens.Add(("a parameter behind", $"Bearer {f.Good};x=y"));
        return tokens;
    }

    [Fact]
    public async Task Every_forgery_is_answered_401_like_every_other()
    {
        await using var host = await ProductHost.StartAsync();
        var forgery = await Forgery.AgainstAsync(host);
        using var door = await Door.OpenAsync(host);
        var refused = "";
        var wrong = new List<string>();
        var count = 0;
        foreach (var (name, authorization) in Table(forgery, host))
        {
            count++;
            var (status, rest) = await door.AskAsync($"Authorization: {authorization}");
            if (status != 401)
                wrong.Add($"{name}: {status}");
            else if (refused.Length == 0)
                refused = rest;
            else if (rest != refused)
                wrong.Add($"{name}: another answer than the others: {rest}");
        }
        Assert.Empty(wrong);
        Assert.True(count >= 200, $"Only {count} forgeries were tried.");
        Assert.Contains("WWW-Authenticate: Bearer, ApiKey", refused, StringComparison.Ordinal);
        // The workshop itself works: what it signs without a change is let in, and so is the real one, in any case of the scheme.
        Assert.Equal(200, (await door.AskAsync($"Authorization: Bearer {forgery.Says(_ => { })}")).Status);
        Assert.Equal(200, (await door.AskAsync($"Authorization: bEaReR {forgery.Good}")).Status);
    }

    [Fact]
    public async Task A_token_counts_in_its_header_only_and_alone()
    {
        await using var host = await ProductHost.StartAsync();
        var good = (await Forgery.AgainstAsync(host)).Good;
        var key = (await host.KeyAsync("messages:read")).Text;
        using var door = await Door.OpenAsync(host);
        Assert.Equal(200, (await door.AskAsync($"Authorization: Bearer {good}")).Status);
        foreach (var (headers, query) in new (string[], string)[]
        {
            ([$"Authorization: Bearer {good}", $"Authorization: Bearer {good}"], ""),
            ([$"Authorization: Bearer {good}", "Authorization: Basic eA=="], ""),
            ([], $"?access_token={good}"), ([], $"?token={good}"), ([], $"?api_key={key}"), ([], $"?X-API-Key={key}"),
            ([$"X-API-Key: {good}"], ""), ([$"Authorization: Bearer {key}"], ""), ([$"Authorization: ApiKey {key}"], ""), ([$"Authorization: {key}"], ""),
            ([$"X-API-Key: {key}", $"X-API-Key: {key}"], ""), ([$"X-API-Key: {key},{key}"], ""), ([$"X-API-Key: Bearer {key}"], ""), ([$"X-Api-Token: {key}"], ""),
            ([$"Cookie: access_token={good}"], ""), ([$"Proxy-Authorization: Bearer {good}"], ""), ([$"X-Authorization: Bearer {good}"], ""), ([$"X-Forwarded-Authorization: Bearer {good}"], ""),
        })
            Assert.Equal((string.Join('|', headers) + query, 401), (string.Join('|', headers) + query, (await door.AskAsync(headers, query)).Status));
        Assert.Equal(400, (await door.AskAsync($"Authorization: Bearer {good}", $"X-API-Key: {key}")).Status);
    }

    [Fact]
    public async Task A_good_session_opens_no_tenant_that_its_person_is_not_in()
    {
        await using var host = await ProductHost.StartAsync();
        var forgery = await Forgery.AgainstAsync(host);
        var other = await host.Get<Tenants>().AddAsync("Other", ReplyMint.Audit.Actor.Machine, default);
        var stranger = await host.SignInAsync(await host.PersonAsync(Role.Admin, tenant: other.Id), other.Id);
        using var door = await Door.OpenAsync(host);
        // Even signed by us: the store says who belongs where, not the token.
        Assert.Equal(401, (await door.AskAsync($"Authorization: Bearer {forgery.Says(p => p["tenant"] = other.Id)}")).Status);
        // Nor does a session of one person count for another.
        Assert.Equal(401, (await door.AskAsync($"Authorization: Bearer {forgery.Says(p => p["sid"] = stranger.Session)}")).Status);
    }

    private static string Flip(string token, int at) => token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..];

    /// <summary>A last character that stands for the same bytes to whoever ignores the bits behind them.</summary>
    private static char Other(char last)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return alphabet[alphabet.IndexOf(last, StringComparison.Ordinal) ^ 1];
    }

    private static string Latin(Forgery f, string payload)
    {
        var signed = $"{f.Header}.{Forgery.Url(Encoding.Latin1.GetBytes(payload))}";
        using var signer = ECDsa.Create(f.Key.Private);
        return $"{signed}.{Forgery.Url(signer.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    /// <summary>One kept connection, so that each header goes over as it is written here.</summary>
    private sealed class Door : IDisposable
    {
        private readonly TcpClient _client = new();
        private readonly ProductHost _host;

        private Door(ProductHost host) => _host = host;

        public static async Task<Door> OpenAsync(ProductHost host)
        {
            var door = new Door(host);
            await door._client.ConnectAsync("127.0.0.1", host.Http.Port);
            return door;
        }

        public Task<(int Status, string Answer)> AskAsync(params string[] headers) => AskAsync(headers, "");

        /// <summary>The status, and all of the answer that is the same for everybody.</summary>
        public async Task<(int Status, string Answer)> AskAsync(string[] headers, string query)
        {
            var stream = _client.GetStream();
            var request = $"GET /api/v1/me{query} HTTP/1.1\r\nHost: 127.0.0.1:{_host.Http.Port}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n";
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
            var buffer = new byte[16 * 1024];
            var length = 0;
            string text;
            do
            {
                var read = await stream.ReadAsync(buffer.AsMemory(length));
                Assert.True(read > 0, "The server closed the connection.");
                length += read;
                text = Encoding.Latin1.GetString(buffer, 0, length);
            }
            while (!text.EndsWith('}') && !text.EndsWith("0\r\n\r\n", StringComparison.Ordinal));
            var rest = string.Join('\n', text.Split("\r\n").Where(line => !line.StartsWith("X-Trace-Id", StringComparison.Ordinal) && !line.StartsWith("Date", StringComparison.Ordinal) && !line.StartsWith("RateLimit", StringComparison.Ordinal)));
            return (int.Parse(text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), System.Text.RegularExpressions.Regex.Replace(rest, "\"traceId\":\"[0-9a-f]+\"", ""));
        }

        public void Dispose() => _client.Dispose();
    }
}
