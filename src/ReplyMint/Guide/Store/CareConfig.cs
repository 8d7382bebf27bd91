using System.Globalization;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Incidents;
using ReplyMint.Outbound;
using ReplyMint.Secrets;
using ReplyMint.Security;

namespace ReplyMint.Guide;

/// <summary>Who is told, what is kept, backed up, reviewed and due.</summary>
internal static class CareConfig
{
    // Four times the month in which a runtime has a patch.
    private const int MostBuildDays = 120;

    /// <summary>MON-1.</summary>
    public static Outcome SomebodyIsTold(StoreLook look)
    {
        var (notices, ways) = (look.Settings.Notices, new List<string>());
        if (notices.Email is not null)
            ways.Add("notices.email");
        if (notices.Webhook is not null)
            ways.Add("notices.webhook");
        if (notices.WebhookSecret is not null)
            ways.Add("notices.webhookSecret");
        if (look.Settings.Topic is { Length: > 0 })
            ways.Add("aws.topic");
        return ways.Count > 0 ? Outcome.Pass($"alerts are told by {string.Join(", ", ways)}")
            : look.Settings.IsDevelopment ? Outcome.NotApplicable("in development nobody is on call; replymint alerts list shows alerts")
            : Outcome.Fail("notices.email, notices.webhook and aws.topic are empty: alerts wait in the store until somebody looks");
    }

    /// <summary>GDPR-1.</summary>
    public static async Task<Outcome> RetentionAsync(StoreLook look, CancellationToken ct)
    {
        var (usual, retention, count, longer) = (new RetentionRecord(), look.Get<Retention>(), 0, new List<string>());
        await foreach (var tenant in look.Get<Tenants>().IdsAsync(ct))
        {
            var kept = (await retention.ReadAsync(tenant, ct)).Periods;
            count++;
            if (kept.RawDays > usual.RawDays || kept.TextDays > usual.TextDays || kept.RecordDays > usual.RecordDays)
                longer.Add($"{tenant} (mail {kept.RawDays} days, text {kept.TextDays}, record {kept.RecordDays}{(kept.Attachments ? ", attachments" : "")})");
        }
        if (longer.Count > 0)
            return Outcome.Warn($"{longer.Count} of {count} tenants keep mail for longer than usual ({usual.RawDays}, {usual.TextDays}, {usual.RecordDays} days): {string.Join(", ", longer.Take(3))}");
        return look.Settings.Outbound.Channel == OutboundSettings.ToFile && !look.Settings.IsDevelopment ? Outcome.Warn("outbound.channel: file writes answers unsealed into the folder out, where nothing removes them")
            : Outcome.Pass($"{count} tenants; a mail is kept for at most {usual.RawDays} days, its text for {usual.TextDays}, its record for {usual.RecordDays}, then removed by itself; attachments only for who asks");
    }

    /// <summary>IR-5: backups are made, and the key that opens them is kept twice.</summary>
    public static async Task<Outcome> BackupsAsync(StoreLook look, CancellationToken ct)
    {
        if (look.Settings.SharedStore)
            return Outcome.NotChecked("the store lies on AWS, whose tables have backups of their own: look at the template");
        var ages = BackupAges.Of(await look.Get<Backups>().StateAsync(ct), look.Settings.Backup, look.Now);
        if (ages.Overdue.Count > 0)
            return Outcome.Fail(string.Join("; ", ages.Overdue.Select(one => one.Text)));
        if (look.Settings.Backup.Folder is null)
            return look.Settings.IsDevelopment ? Outcome.NotApplicable("in development nothing here is to last") : Outcome.Fail("backup.folder is empty: no backup is made by itself");
        if (ages.Data is null || ages.Keys is null)
            return Outcome.NotChecked($"backup.folder: {look.Settings.Backup.Folder}, but no backup of {(ages.Data is null ? "the data" : "the keys")} was made yet; replymint backup create makes one now");
        await foreach (var fact in look.Get<SecretList>().AllAsync(ct))
            if (fact.Name == SecretList.Kit && fact.Problem is { } problem)
                return Outcome.Warn($"recovery kit: {problem}");
        return Outcome.Pass(string.Create(CultureInfo.InvariantCulture, $"backup.folder: {look.Settings.Backup.Folder}; data {Age(ages.Data.Value)}, keys {Age(ages.Keys.Value)}"));
    }

    /// <summary>IR-5.</summary>
    public static Task<Outcome> RestoreDrillAsync(StoreLook look, CancellationToken ct) => DueAsync(look, due => due.Kind == RecordKinds.RestoreDrill, "restore drill", ct);

    /// <summary>SOC-1: rights, and who gave them.</summary>
    public static async Task<Outcome> AccessAsync(StoreLook look, CancellationToken ct)
    {
        var (count, unknown) = (0, new List<string>());
        await foreach (var row in look.Get<AccessReviews>().AllAsync(ct))
        {
            count++;
            if (string.IsNullOrEmpty(row.By))
                unknown.Add($"{row.Kind} {row.Id}");
        }
        if (count == 0)
            return Outcome.NotApplicable("nobody was given a right yet");
        return unknown.Count > 0 ? Outcome.Warn($"of {unknown.Count} of {count} rights nobody knows who gave them: {string.Join(", ", unknown.Take(3))}")
            : Outcome.Pass($"{count} rights, each with who gave it (replymint access review)");
    }

    /// <summary>SOC-1.</summary>
    public static Task<Outcome> ReviewAsync(StoreLook look, CancellationToken ct) => DueAsync(look, due => due.Kind == RecordKinds.Review, "access review", ct);

    /// <summary>SOC-3.</summary>
    public static async Task<Outcome> AuditAsync(StoreLook look, CancellationToken ct)
    {
        var verdict = await look.Get<AuditVerifier>().VerifyAsync(null, null, StoreLook.NewestEntries, ct);
        if (!verdict.Whole)
            return Outcome.Fail($"{verdict.Says} {verdict.Findings[0].Fault}: {verdict.Findings[0].Chain} {verdict.Findings[0].Entry}");
        var evidence = string.Create(CultureInfo.InvariantCulture, $"{verdict.Entries} entries of {verdict.Chains.Count} chains: {verdict.Says}");
        return look.Settings.Audit.Anchors.Count == 0 && !look.Settings.IsDevelopment ? Outcome.Warn($"audit.anchors is empty. {evidence}") : Outcome.Pass(evidence);
    }

    /// <summary>IR-6: what incidents left to do.</summary>
    public static async Task<Outcome> FollowUpsAsync(StoreLook look, CancellationToken ct)
    {
        var open = (await look.Get<Records>().DueAsync(ct)).Where(due => due.Kind == RecordKinds.FollowUp).ToList();
        return open.Find(due => due.State == DueState.Overdue) is { } overdue ? Outcome.Fail(Records.Words(overdue))
            : open.Count == 0 ? Outcome.NotApplicable("no follow-up of an incident is open") : Outcome.Pass($"{open.Count} follow-ups of incidents are open, none is overdue");
    }

    /// <summary>IR-6: who finds a hole must find whom to tell.</summary>
    public static Outcome Contact(StoreLook look) =>
        look.Settings.Http.SecurityText.Contacts is { Count: > 0 } contacts ? Outcome.Pass($"http.securityText.contacts: {contacts.Count}, published at {SecurityText.Path}")
            : look.Settings.IsDevelopment ? Outcome.NotApplicable("in development nobody is asked to name a contact")
            : Outcome.Warn($"http.securityText.contacts: none, so {SecurityText.Path} is answered 404 and who finds a hole has nobody to tell");

    /// <summary>SOC-6: a build that is never replaced runs with all holes that were found since.</summary>
    public static Outcome BuildAge(StoreLook look)
    {
        if (look.Built is not { } built)
            return look.Settings.IsDevelopment ? Outcome.NotApplicable("this build carries no time, as everyday builds of a working copy don't") : Outcome.NotChecked("this build carries no time: it was not published");
        var days = (int)(look.Now - built).TotalDays;
        var words = $"what runs was committed on {Day(built)}, {days} days ago";
        return days > MostBuildDays ? Outcome.Warn($"{words}; more than {MostBuildDays} is too long without a patch") : Outcome.Pass(words);
    }

    /// <summary>SOC-6.</summary>
    public static Task<Outcome> PatchedAsync(StoreLook look, CancellationToken ct) => DueAsync(look, due => due.Kind == RecordKinds.Patch, "look for patches", ct);

    /// <summary>SOC-5.</summary>
    public static Task<Outcome> DueAsync(StoreLook look, CancellationToken ct) => DueAsync(look, _ => true, "record", ct);

    public static async Task<Outcome> DueAsync(StoreLook look, Func<Due, bool> which, string what, CancellationToken ct)
    {
        var due = (await look.Get<Records>().DueAsync(ct)).Where(which).ToList();
        if (due.Find(one => one.State == DueState.Overdue) is { } overdue)
            return Outcome.Fail(Records.Words(overdue));
        if (due.Find(one => one.State == DueState.Never) is { } never)
            return look.Settings.IsDevelopment ? Outcome.NotApplicable($"in development no {what} is asked for") : Outcome.Warn(Records.Words(never) + (never.DueAt is { } first ? $" It is due on {Day(first)}." : ""));
        return due.Count == 0 ? Outcome.NotApplicable($"the settings under records ask for no {what}") : Outcome.Pass($"{due.Count} in time; the next is due on {Day(due.Min(one => one.DueAt) ?? look.Now)}");
    }

    private static string Age(TimeSpan age) => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0} hours old");

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
