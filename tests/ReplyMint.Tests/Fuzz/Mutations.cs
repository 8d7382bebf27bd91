using System.Globalization;
using System.Text;

namespace ReplyMint.Tests.Fuzz;

/// <summary>
/// Bytes made from honest ones by flipping, inserting, removing, doubling, cutting and joining. The short form always
/// runs the same rounds; REPLYMINT_TEST_FULL=1 runs many more, from a start that no run had before and that a failure names.
/// REPLYMINT_TEST_SEED=N repeats such a run.
/// </summary>
internal sealed class Mutations
{
    private const string Spice = "\r\n\r\n:;<>()\"@=?-,\\ \t\0\x7F\xFF\xC3\xF0>|&'/.";
    private static readonly string[] Words =
    [
        "\r\n", "\r\n\r\n", "\r\n.\r\n", "\n.\n", "\r.\r", "=?utf-8?B?", "?=", "=?utf-8?Q?=0D=0ABcc:_x@y.z?=", "boundary=", "--", "multipart/mixed", "message/rfc822",
        "text/html", "<!--", "</style>", "<p style=\"display:none\">", "&#x202E;", "&#0;", "\u202e", "\u2028", "\ufeff", "From: x@y.example\r\n", "To: ", "Bcc: z@y.example\r\n",
        "Reply-To: ", "Subject: ", "Content-Type: ", "Content-Transfer-Encoding: base64\r\n", "charset=utf-7", "charset=utf-16", "%0d%0a", "%00", "\\u000d", "{\"", "\"}", "[[", "]]",
        "> ", "On 1 Jan wrote:\r\n", "-- \r\n", "-----Original Message-----\r\n", "99999999999999999999", "-1", "1e309", "'\"`", "../", "\0",
    ];

    private readonly Random _random;
    private readonly IReadOnlyList<byte[]> _seeds;
    private readonly int _seed, _rounds;

    /// <param name="seeds">Honest inputs.</param>
    /// <param name="rounds">Of the short form; the long one has twenty times as many.</param>
    public Mutations(IEnumerable<byte[]> seeds, int rounds)
    {
        var full = Environment.GetEnvironmentVariable("REPLYMINT_TEST_FULL") == "1";
        var named = Environment.GetEnvironmentVariable("REPLYMINT_TEST_SEED");
        _seeds = [.. seeds];
        _rounds = full || named is not null ? rounds * 20 : rounds;
        _seed = named is not null ? int.Parse(named, CultureInfo.InvariantCulture) : full ? System.Random.Shared.Next() : 20261124;
        _random = new Random(_seed);
    }

    public Random Random => _random;

    /// <summary>Runs every round; what fails is shown with its bytes and its seed.</summary>
    public async Task RunAsync(Func<byte[], Task> round)
    {
        for (var i = 0; i < _rounds; i++)
        {
            var bytes = Next();
            try
            {
                await round(bytes);
            }
            catch (Exception failure)
            {
                Assert.Fail($"Round {i} of REPLYMINT_TEST_SEED={_seed}: {failure}\n{Convert.ToBase64String(bytes)}");
            }
        }
    }

    public Task RunAsync(Action<byte[]> round) => RunAsync(bytes =>
    {
        round(bytes);
        return Task.CompletedTask;
    });

    private byte[] Next()
    {
        if (_random.Next(50) == 0)
        {
            var noise = new byte[_random.Next(400)];
            _random.NextBytes(noise);
            return noise;
        }
        var bytes = Seed().ToList();
        if (_random.Next(10) == 0)
            Join(bytes, Seed());
        for (var i = _random.Next(1, 12); i > 0; i--)
            Change(bytes);
        return [.. bytes];
    }

    private byte[] Seed() => _seeds[_random.Next(_seeds.Count)];

    private void Join(List<byte> bytes, byte[] other)
    {
        var (from, to) = (_random.Next(bytes.Count + 1), _random.Next(other.Length + 1));
        bytes.RemoveRange(from, bytes.Count - from);
        bytes.AddRange(other.AsSpan(to));
    }

    private void Change(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count + 1);
        switch (_random.Next(7))
        {
            case 0 when at < bytes.Count:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 1:
                bytes.Insert(at, (byte)Spice[_random.Next(Spice.Length)]);
                break;
            case 2 when at < bytes.Count:
                bytes.RemoveRange(at, Math.Min(_random.Next(1, 30), bytes.Count - at));
                break;
            case 3 when at < bytes.Count:
                var piece = bytes.GetRange(at, Math.Min(_random.Next(1, 60), bytes.Count - at));
                bytes.InsertRange(_random.Next(bytes.Count + 1), piece);
                break;
            case 4 when _random.Next(6) == 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(Words[_random.Next(Words.Length)]));
                break;
            case 6 when _random.Next(20) == 0 && bytes.Count is > 0 and < 10_000:
                var all = bytes.ToArray();
                for (var times = _random.Next(2, 20); times > 0; times--)
                    bytes.AddRange(all);
                break;
        }
    }
}
