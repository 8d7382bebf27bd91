using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ReplyMint.Guide;

namespace ReplyMint.Cli.Commands;

/// <summary>What a user of the guide asks for.</summary>
/// <param name="Url">What he named, or null.</param>
internal sealed record GuideWish(IReadOnlyList<Control> Controls, Uri? Url, string? Smtp, IReadOnlyList<string> Origins, IReadOnlyList<string> Looks, string? Environment)
{
    private static readonly string[] All = ["live", "config", "record", "template", "repo"];

    public X509Certificate2? Authority { get; init; }
    public string? Template { get; init; }
    public string? Repo { get; init; }

    /// <summary>The header line that says who asks.</summary>
    public string? Caller { get; init; }
    public bool Rehearse { get; init; }
    public string? Confirm { get; init; }

    /// <summary>What is named is looked at, whatever --look says.</summary>
    public GuideWish Naming(string? template, string? repo)
    {
        var looks = Looks.ToList();
        foreach (var (named, look) in (ReadOnlySpan<(string?, string)>)[(template, "template"), (repo, "repo")])
            if (named is not null && !looks.Contains(look))
                looks.Add(look);
        return this with { Template = template, Repo = repo, Looks = looks };
    }

    public static GuideWish? Of(string? url, string? smtp, string[] origins, string? looks, string? only, string? environment, out string wrong)
    {
        Uri? named = null;
        wrong = "--url takes http:// or https://, a host and perhaps a port, such as https://api.example.com";
        if (url is not null && (!Uri.TryCreate(url, UriKind.Absolute, out named) || named.Scheme is not ("http" or "https") || named.UserInfo.Length > 0 || named.PathAndQuery != "/"))
            return null;
        wrong = "--smtp takes the address and port of a listener, such as 192.0.2.1:25";
        if (smtp is not null && (!IPEndPoint.TryParse(smtp, out var listener) || listener.Port == 0))
            return null;
        wrong = "--origin takes an origin as a browser writes it, such as https://app.example.com";
        if (origins.Any(one => !Uri.TryCreate(one, UriKind.Absolute, out var origin) || origin.GetLeftPart(UriPartial.Authority) != one))
            return null;
        var where = looks?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? (named is null ? All : ["live"]);
        wrong = $"--look takes {string.Join(", ", All)}, with commas between";
        if (where.Length == 0 || where.Except(All, StringComparer.Ordinal).Any())
            return null;
        var controls = Catalogue.All;
        if (only is not null)
        {
            var ids = only.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            bool Meant(Control control, string id) => control.Id.Equals(id, StringComparison.OrdinalIgnoreCase) || control.Id.StartsWith(id + "-", StringComparison.OrdinalIgnoreCase);
            wrong = $"there is no control {ids.FirstOrDefault(id => !Catalogue.All.Any(control => Meant(control, id))) }; replymint guide write lists all";
            if (ids.Length == 0)
                wrong = "--only names controls or groups of them, such as CORS,NET-1";
            if (ids.Length == 0 || ids.Any(id => !Catalogue.All.Any(control => Meant(control, id))))
                return null;
            controls = [.. Catalogue.All.Where(control => ids.Any(id => Meant(control, id)))];
        }
        wrong = "";
        return new(controls, named, smtp, origins, where, environment);
    }

    /// <summary>The header line of a caller; null for what is no token.</summary>
    public static async Task<string?> CallerAsync(string file, CommandHost host, CancellationToken ct)
    {
        try
        {
            var read = await NamedFiles.OneAsync(file, host, ct);
            var token = System.Text.Encoding.UTF8.GetString(read[0].Bytes).Split('\n')[0].Trim();
            // What goes into a header line may hold nothing that ends it.
            return token.Length is 0 or > 4_096 || token.AsSpan().ContainsAnyExceptInRange('!', '~') ? null : token.StartsWith("rm_", StringComparison.Ordinal) ? $"X-API-Key: {token}" : $"Authorization: Bearer {token}";
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static X509Certificate2? Certificate(string path)
    {
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Null for what can't be read.</summary>
    public static async Task<byte[]?> ReadAsync(string path, CancellationToken ct)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
