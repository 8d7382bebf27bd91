using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ReplyMint.Security;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>No answer is left to be guessed at: each one with a body says what it is, text in which letters, and is that.</summary>
public sealed class ContentTypeTests : IAsyncLifetime
{
    // What is no part of the API's description, and what is not there.
    private static readonly string[] Others =
        ["/openapi/v1.json", "/.well-known/security.txt", "/console/sign-in", "/console/inbox", "/console/nowhere", "/withdraw/nobody", "/nowhere", "/api/v1/nowhere"];

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ProductHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProductHost.StartAsync(settings: OneOfEach.Settings);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Every_answer_with_a_body_says_what_it_is()
    {
        var document = await ApiDocument.ReadAsync(_host);
        using var admin = await _host.ClientAsync(Role.Admin);
        using var @operator = await _host.ClientAsync(Role.Operator);
        using var nobody = _host.Client();
        var things = await OneOfEach.MakeAsync(_host, admin);
        var paths = document.Operations.Where(operation => operation.Method == HttpMethod.Get)
            .Select(operation => !operation.HasId ? operation.Path
                : operation.With(operation.Permission is not null && things.TryGetValue(operation.Kind, out var id) ? id : "nobody")).Concat(Others).ToArray();
        var (wrong, kinds) = (new List<string>(), new HashSet<string?>());
        foreach (var path in paths)
            foreach (var caller in new[] { admin, @operator, nobody })
            {
                using var answer = await caller.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
                var body = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
                kinds.Add(answer.Content.Headers.ContentType?.MediaType);
                if (body.Length > 0 && Problem(answer.Content.Headers.ContentType, body) is { } problem)
                    wrong.Add($"{path} ({(int)answer.StatusCode}) {problem}");
            }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Superset(new HashSet<string?> { "application/json", "application/problem+json", "text/html", "message/rfc822" }, kinds);
    }

    private static string? Problem(MediaTypeHeaderValue? type, byte[] body)
    {
        try
        {
            switch (type?.MediaType)
            {
                case null:
                    return "says nothing of what it is";
                case "application/json" or "application/problem+json" or "application/jwk-set+json":
                    using (JsonDocument.Parse(body))
                        return type.CharSet is null or "utf-8" ? null : $"is JSON in {type.CharSet}";
                case "text/html" or "text/plain":
                    return type.CharSet != "utf-8" ? "is text and does not say that it is UTF-8" : Strict.GetString(body).StartsWith('<') == (type.MediaType == "text/html") ? null : $"is no {type.MediaType}";
                case "message/rfc822":
                    return Encoding.ASCII.GetString(body).Contains("\r\n\r\n", StringComparison.Ordinal) ? null : "is no mail";
                case "application/zip":
                    return body.AsSpan().StartsWith("PK"u8) ? null : "is no zip";
                default:
                    return $"is of a kind that nobody expects: {type}";
            }
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException)
        {
            return $"is no {type}";
        }
    }
}
