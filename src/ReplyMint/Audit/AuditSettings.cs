using ReplyMint.Mail;
using ReplyMint.Security;

namespace ReplyMint.Audit;

/// <summary>The audit log, and where its proofs are kept off this machine (SOC-3).</summary>
internal sealed record AuditSettings
{
    public const int MaxAnchors = 8;

    /// <summary>Places off this machine that get a copy of each signed root, erasure and report, written once and never changed. At most 8; empty: none.</summary>
    public IReadOnlyList<AnchorSettings> Anchors { get; init; } = [];

    /// <summary>Days for which entries are kept, at least 365; null: for good. Older ones are removed up to a signed checkpoint that lies at all places of audit.anchors; without a place nothing is removed.</summary>
    public int? KeepDays { get; init; }

    public IEnumerable<string> Problems(bool needsHttps)
    {
        if (KeepDays is < 365 or > 36_500)
            yield return "audit.keepDays: must be a number from 365 to 36500, or absent to keep all.";
        if (Anchors.Count > MaxAnchors)
            yield return $"audit.anchors: at most {MaxAnchors} places.";
        for (var i = 0; i < Anchors.Count; i++)
            foreach (var problem in Anchors[i].Problems($"audit.anchors[{i}]", needsHttps))
                yield return problem;
    }
}

/// <summary>One place: a folder, an address of a web server, or somebody's mailbox.</summary>
internal sealed record AnchorSettings
{
    /// <summary>The absolute path of a folder on another machine's disk, below its mount point: it must be there, so that nothing is written beside a mount that is missing.</summary>
    public string? Folder { get; init; }

    /// <summary>An address below which documents are PUT once (If-None-Match: *) and read again; https outside of development.</summary>
    public string? Url { get; init; }

    /// <summary>Where the bearer token for url lies: "file:/absolute/path" or "credential:NAME". Null: none is sent.</summary>
    public string? Secret { get; init; }

    /// <summary>An address that gets each document as a mail. It can't be read back by this program.</summary>
    public string? Mail { get; init; }

    /// <summary>The sender of those mails.</summary>
    public string? From { get; init; }

    public IEnumerable<string> Problems(string at, bool needsHttps)
    {
        if (new[] { Folder, Url, Mail }.Count(way => way is not null) != 1)
            yield return $"{at}: name exactly one of folder, url and mail.";
        if (Folder is not null && !Path.IsPathFullyQualified(Folder))
            yield return $"{at}.folder: must be an absolute path.";
        if (Url is not null && !IsBase(Url, needsHttps))
            yield return $"{at}.url: must be an {(needsHttps ? "https" : "https or http")} address without a user's name, a query or a fragment.";
        if (Secret is not null && Url is null)
            yield return $"{at}.secret: only goes with url.";
        if (Secret is not null && SecretSource.Problem($"{at}.secret", Secret) is { } problem)
            yield return problem;
        if (Mail is not null && AddressRules.Normalize(Mail) is null)
            yield return $"{at}.mail: is no mail address.";
        if (Mail is not null && (From is null || AddressRules.Normalize(From) is null))
            yield return $"{at}.from: has to name the sender of these mails.";
    }

    private static bool IsBase(string text, bool needsHttps) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (!needsHttps && url.Scheme == Uri.UriSchemeHttp))
        && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0;
}
