using System.Net;
using System.Text;
using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Knowledge;

/// <summary>A web page that was fetched, as a file of knowledge; or why it was not.</summary>
/// <param name="Name">The address without its scheme, with an end that tells the format.</param>
internal sealed record FetchedPage(string Name, ReadOnlyMemory<byte> File, string Problem)
{
    public static FetchedPage Refused(string why) => new("", default, why);
}

/// <summary>
/// Fetches one web page for a tenant's knowledge: as an outgoing webhook does, never from a private or metadata address
/// (INPUT-6). A redirect is told and not followed, so that what is in the knowledge stands where its name says.
/// </summary>
internal sealed class KnowledgePages(OutsideClients outside, OutsideAddress allowed, HttpSettings http)
{
    private const int MostName = 180;

    public async Task<FetchedPage> FetchAsync(string address, CancellationToken ct)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url))
            return FetchedPage.Refused("is no address of a page");
        if (allowed.Problem(url, http.Environment.NeedsHttps()) is { } wrong)
            return FetchedPage.Refused(wrong);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Accept.ParseAdd("text/html, text/markdown, text/plain;q=0.5");
            using var response = await outside.Pages.SendAsync(request, ct);
            if ((int)response.StatusCode is >= 300 and < 400)
                return FetchedPage.Refused($"leads on to {response.Headers.Location}; name that address");
            if (response.StatusCode != HttpStatusCode.OK)
                return FetchedPage.Refused($"answered {(int)response.StatusCode}");
            var type = response.Content.Headers.ContentType;
            if (Ending(type?.MediaType) is not { } ending)
                return FetchedPage.Refused($"is {type?.MediaType ?? "of an unknown kind"}; pages of HTML, Markdown or text can be read");
            var text = TextDecoding.Text(await response.Content.ReadAsByteArrayAsync(ct), type?.CharSet?.Trim('"'), out _);
            return new(NameOf(url, ending), Encoding.UTF8.GetBytes(text), "");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || e is OperationCanceledException && !ct.IsCancellationRequested)
        {
            return FetchedPage.Refused(e is OperationCanceledException ? "did not answer in time" : $"can't be fetched ({(e as HttpRequestException)?.HttpRequestError.ToString() ?? e.GetType().Name})");
        }
    }

    private static string? Ending(string? type) => type?.ToLowerInvariant() switch
    {
        "text/html" or "application/xhtml+xml" => ".html",
        "text/markdown" => ".md",
        "text/plain" => ".txt",
        _ => null,
    };

    private static string NameOf(Uri url, string ending)
    {
        var name = (url.IdnHost + url.PathAndQuery).TrimEnd('/');
        if (name.Length > MostName)
            name = name[..MostName];
        return name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) ? name : name + ending;
    }
}
