using System.Text;
using System.Text.Json;
using ReplyMint.Accounts;
using ReplyMint.Mail;
using ReplyMint.Storage;

namespace ReplyMint.Privacy;

/// <summary>
/// Reads all records of an export before any of it is written, so that one in the middle that can't be taken in stops all of it. That
/// the files are as their manifest says is known by then; who wrote both is not.
/// </summary>
internal static class ImportCheck
{
    /// <summary>Foreign: it has an id that is none of ours.</summary>
    private enum Form { Good, Bad, Foreign }

    // What sealing adds, and the import to a record: as much as a text leaves beside it, so that what was stored once can be stored again.
    private const int Spare = 1024;

    /// <summary>What is wrong, as a sentence's second half; null when all of it can be taken in.</summary>
    /// <param name="file">Of a tenant.</param>
    /// <param name="mostMailboxes">As many as a tenant may have here.</param>
    /// <param name="ct">Calls it off.</param>
    public static async Task<string?> FindWrongAsync(ImportFile file, int mostMailboxes, CancellationToken ct)
    {
        if (file.Count("mailboxes.jsonl") > mostMailboxes)
            return $"has more mailboxes than a tenant may have here ({mostMailboxes}; accounts.mailboxesPerTenant)";
        var last = "";
        return await EachAsync("tenant.json", line => Is(Read(line, ExportJson.Default.ExportedTenant) is { Tenant.Id: not null, Retention: not null }))
            ?? await EachAsync("mailboxes.jsonl", line => Read(line, ExportJson.Default.Mailbox) is not { Id: not null } box ? Form.Bad
                : !Ids.IsRandom(box.Id, 'm') ? Form.Foreign : Is(IsAddress(box.Address)))
            ?? await EachAsync("messages.jsonl", line => Read(line, ExportJson.Default.ExportedMessage) is not { } message || !IsWhole(message) ? Form.Bad
                // They become keys and names of files; and they are in order, so that none comes twice.
                : !Ids.IsTimed(message.Message.Id) || !Ids.IsRandom(message.Message.Mailbox, 'm') ? Form.Foreign : Is(string.CompareOrdinal(last, last = message.Message.Id) < 0 && Fits(line)))
            ?? await EachAsync("knowledge.jsonl", line => Is(Read(line, ExportJson.Default.Passage) is { Source: not null, Question: not null, Answer: not null }))
            ?? await EachAsync("suppressions.jsonl", line => Is(Read(line, ExportJson.Default.ExportedSuppression) is not null))
            ?? await EachAsync("consent-texts.jsonl", line => Is(Read(line, ExportJson.Default.ConsentText) is { Version: > 0, Text: not null }))
            ?? await EachAsync("consents.jsonl", line => Is(Read(line, ExportJson.Default.ConsentLedger) is { Entries.Count: > 0 } ledger && IsAddress(ledger.Address)))
            ?? await EachAsync("channels.jsonl", line => Is(Read(line, ExportJson.Default.ChannelView) is { Kind: not null } channel && channel.Smtp is null or { Mailbox: not null }))
            ?? await EachAsync("members.jsonl", line => Is(Read(line, ExportJson.Default.ExportedMember) is { Name: not null } member && IsAddress(member.Address)));

        async Task<string?> EachAsync(string name, Func<string, Form> formOf)
        {
            var number = 0;
            await foreach (var line in file.TextLinesAsync(name, ct))
            {
                number++;
                try
                {
                    if (formOf(line) is not Form.Good and var form)
                        return form == Form.Foreign ? "holds an id that ReplyMint never gives; it was not written by it" : $"can't be taken in: line {number} of {name} is no record that an export holds";
                }
                catch (JsonException)
                {
                    return $"can't be taken in: line {number} of {name} can't be read";
                }
            }
            return null;
        }
    }

    private static Form Is(bool good) => good ? Form.Good : Form.Bad;

    private static T? Read<T>(string line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => JsonSerializer.Deserialize(line, type);

    private static bool IsWhole(ExportedMessage message) =>
        // Periods are counted from then on, and a date has an end.
        message is { Message: { Id: not null, Mailbox: not null, Thread: not null, ReceivedAt.Year: < 3_000 }, Summary.From.Address: not null }
            && (message.Draft is null || message.DraftContent is not null) && (message.Answer is null || message.AnswerMail is not null);

    /// <summary>The parts become items; what all of them together weigh is the most that one can.</summary>
    private static bool Fits(string line) => line.Length <= Commit.MaxItemBytes / 4 || Encoding.UTF8.GetByteCount(line) is var bytes && (bytes <= Commit.MaxItemBytes - Spare || PartsFit(line));

    private static bool PartsFit(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.EnumerateObject()
            .GroupBy(part => ItemOf(part.Name), part => Encoding.UTF8.GetByteCount(part.Value.GetRawText()), StringComparer.Ordinal)
            .All(item => item.Sum() <= Commit.MaxItemBytes - Spare);
    }

    /// <summary>What an item seals stands beside what it has in clear.</summary>
    private static string ItemOf(string part) => part switch { "summary" => "message", "draftContent" => "draft", "answerMail" => "answer", _ => part };

    private static bool IsAddress(string? address) => address is not null && AddressRules.Normalize(address) is not null;
}
