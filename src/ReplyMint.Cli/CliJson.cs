using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ReplyMint.Cli.Commands;

namespace ReplyMint.Cli;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false,
    Converters = [typeof(LowerCaseEnum<Accounts.MailboxMode>), typeof(LowerCaseEnum<Accounts.RuleAction>), typeof(LowerCaseEnum<DayOfWeek>)])]
[JsonSerializable(typeof(ExplainedMail))]
[JsonSerializable(typeof(Doctor.Finding))]
[JsonSerializable(typeof(Incidents.RecordAnswer))]
[JsonSerializable(typeof(Incidents.AccessRow))]
[JsonSerializable(typeof(Incidents.DueAnswer))]
[JsonSerializable(typeof(Secrets.SecretFact))]
[JsonSerializable(typeof(TenantView))]
[JsonSerializable(typeof(MailboxView))]
[JsonSerializable(typeof(MessageView))]
[JsonSerializable(typeof(Replies.MissingQuestion))]
[JsonSerializable(typeof(OutboxView))]
[JsonSerializable(typeof(BackupView))]
[JsonSerializable(typeof(Accounts.ApiKeyView))]
[JsonSerializable(typeof(Audit.AuditLine))]
[JsonSerializable(typeof(Audit.AuditVerdict))]
[JsonSerializable(typeof(Outbound.WebhookDetail))]
[JsonSerializable(typeof(Outbound.DeliveryEntry))]
[JsonSerializable(typeof(Limits.UsageReport))]
[JsonSerializable(typeof(Replies.QualityReport))]
[JsonSerializable(typeof(Replies.ShadowReport))]
[JsonSerializable(typeof(Replies.PastAnswer))]
[JsonSerializable(typeof(Billing.PlanAnswer))]
[JsonSerializable(typeof(Billing.OverviewAnswer))]
[JsonSerializable(typeof(Privacy.RetentionAnswer))]
[JsonSerializable(typeof(Privacy.RetentionReport))]
[JsonSerializable(typeof(List<RuleFile>))]
[JsonSerializable(typeof(ScheduleFile))]
internal sealed partial class CliJson : JsonSerializerContext
{
    private static readonly CliJson Relaxed = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new LowerCaseEnum<Accounts.MailboxMode>(), new LowerCaseEnum<Accounts.RuleAction>(), new LowerCaseEnum<DayOfWeek>() },
    });

    /// <summary>One object on one line, other scripts' letters as they are. Line ends and control characters are escaped, as JSON demands, and so is what turns writing round.</summary>
    public static string Line<T>(T value) => Plain.Json(JsonSerializer.Serialize(value, typeof(T), Relaxed));
}
