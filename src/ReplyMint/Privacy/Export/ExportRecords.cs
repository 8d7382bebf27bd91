using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ReplyMint.Accounts;
using ReplyMint.Audit;
using ReplyMint.Billing;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Outbound;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Privacy;

/// <summary>Of whom everything is exported.</summary>
[JsonConverter(typeof(WireEnum<ExportScope>))]
internal enum ExportScope { Tenant, Correspondent, User }

/// <summary>A line of messages.jsonl: a message with all that is still kept of it. The parts have the forms in which they are stored, so that nothing is lost and an import puts them back.</summary>
internal sealed record ExportedMessage(MessageRecord Message, MessageSummary Summary, KeptText? Text, Receipt? Receipt, DraftRecord? Draft, DraftContent? DraftContent, OutboxRecord? Answer, OutboundMail? AnswerMail);

/// <summary>tenant.json.</summary>
/// <param name="Plan">What the tenant had here, and used. An import leaves it out: another installation has plans of its own.</param>
internal sealed record ExportedTenant(Tenant Tenant, RetentionRecord Retention, BasisRecord? Basis, PlanAnswer? Plan = null);

/// <summary>A line of members.jsonl.</summary>
internal sealed record ExportedMember(string User, string Address, string Name, Role Role, IReadOnlyList<string>? Mailboxes, DateTimeOffset AddedAt);

/// <summary>A line of keys.jsonl: an API key without its secret.</summary>
internal sealed record ExportedKey(string Id, string Name, string Owner, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt);

/// <summary>A line of suppressions.jsonl.</summary>
/// <param name="Hash">Of the address, under a key of this installation.</param>
/// <param name="Address">Where a mail of this address is in the export, too; else nobody can tell whose hash it is.</param>
internal sealed record ExportedSuppression(string Hash, string? Address, SuppressionReason Reason, DateTimeOffset At);

/// <summary>user.json: what is stored of somebody who signs in.</summary>
/// <param name="Factors">Kinds of second factors, never what they are made of.</param>
internal sealed record ExportedUser(string Id, string Address, string Name, DateTimeOffset CreatedAt, IReadOnlyList<ExportedMembership> Memberships, IReadOnlyList<ExportedSession> Sessions, IReadOnlyList<string> Factors);

internal sealed record ExportedMembership(string Tenant, Role Role, IReadOnlyList<string>? Mailboxes, DateTimeOffset AddedAt, string AddedBy);

internal sealed record ExportedSession(string Tenant, DateTimeOffset SignedInAt, DateTimeOffset LastSeenAt, string? Agent, string? Network);

/// <summary>A line of notes.jsonl: what somebody said to his colleagues about a draft.</summary>
internal sealed record ExportedNote(string Draft, DateTimeOffset At, string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ExportManifest))]
[JsonSerializable(typeof(ExportedMessage))]
[JsonSerializable(typeof(ExportedTenant))]
[JsonSerializable(typeof(Mailbox))]
[JsonSerializable(typeof(Passage))]
[JsonSerializable(typeof(ExportedMember))]
[JsonSerializable(typeof(ExportedKey))]
[JsonSerializable(typeof(ChannelView))]
[JsonSerializable(typeof(WebhookDetail))]
[JsonSerializable(typeof(ExportedSuppression))]
[JsonSerializable(typeof(ConsentText))]
[JsonSerializable(typeof(ConsentLedger))]
[JsonSerializable(typeof(AuditRecord))]
[JsonSerializable(typeof(ExportedUser))]
[JsonSerializable(typeof(ExportedNote))]
[JsonSerializable(typeof(ExportRecord))]
[JsonSerializable(typeof(ExportSubject))]
[JsonSerializable(typeof(ImportMark))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ExportJson : JsonSerializerContext;

/// <summary>The schema of an export, made of the records that write it; part of each export, and printed by `replymint export schema`.</summary>
internal static class ExportSchema
{
    private static readonly JsonSerializerOptions Readable = new(ExportJson.Default.Options) { WriteIndented = true };

    private static readonly (string File, JsonTypeInfo Type)[] Files =
    [
        (ExportManifest.Name, ExportJson.Default.ExportManifest), ("messages.jsonl", ExportJson.Default.ExportedMessage), ("tenant.json", ExportJson.Default.ExportedTenant),
        ("mailboxes.jsonl", ExportJson.Default.Mailbox), ("knowledge.jsonl", ExportJson.Default.Passage), ("members.jsonl", ExportJson.Default.ExportedMember),
        ("keys.jsonl", ExportJson.Default.ExportedKey), ("channels.jsonl", ExportJson.Default.ChannelView), ("webhooks.jsonl", ExportJson.Default.WebhookDetail),
        ("suppressions.jsonl", ExportJson.Default.ExportedSuppression), ("consent-texts.jsonl", ExportJson.Default.ConsentText), ("consents.jsonl", ExportJson.Default.ConsentLedger), ("audit.jsonl", ExportJson.Default.AuditRecord), ("user.json", ExportJson.Default.ExportedUser), ("notes.jsonl", ExportJson.Default.ExportedNote),
    ];

    public static byte[] Bytes()
    {
        var files = new JsonObject();
        foreach (var (file, type) in Files)
            files[file] = type.GetJsonSchemaAsNode();
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Files of a ReplyMint export, " + ExportManifest.Now,
            ["description"] = "By file: what manifest.json, tenant.json and user.json hold, and each line of a .jsonl. Mails lie in mails.mbox and answers.mbox (RFC 4155, mboxrd); the local part of a separator's address is the message's id.",
            ["$defs"] = files,
        };
        // Read by people, too.
        return System.Text.Encoding.UTF8.GetBytes(schema.ToJsonString(Readable));
    }
}
