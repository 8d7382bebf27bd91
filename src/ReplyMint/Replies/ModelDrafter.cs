using Microsoft.Extensions.AI;
using ReplyMint.Knowledge;

namespace ReplyMint.Replies;

/// <summary>Takes what a call costs at worst out of what a day may cost; false when that is not left, and then nobody is asked.</summary>
/// <param name="worst">Above 0.</param>
/// <param name="perDay">Of the whole installation.</param>
internal delegate Task<bool> ModelBudget(decimal worst, decimal perDay, CancellationToken ct);

/// <summary>
/// Writes with a language model, bounded in time, tokens and cost. It holds no lock and no thread while the model
/// thinks. What comes back is only a draft: the guard reads it like any other.
/// </summary>
/// <param name="canary">Random for the installation; standing in a draft it proves that the instruction leaked.</param>
internal sealed class ModelDrafter(IChatClient client, ModelSettings settings, string canary, TimeProvider time)
{
    /// <summary>More passages than this only distract.</summary>
    private const int MaxPassages = 4;

    public async Task<DraftOutcome> DraftAsync(DraftRequest request, ModelBudget budget, CancellationToken ct)
    {
        var passages = request.Hits.Where(h => h.Score >= request.Threshold).Take(MaxPassages).Select(h => h.Passage).ToList();
        if (passages.Count == 0)
            return new DraftOutcome.NothingFits("no passage answers well enough");
        var language = ReplyLanguage.Of(request.Mailbox, request.Mail);
        var frame = ReplyFrame.Around(request.Mailbox, request.Mail, language);
        var length = request.Mailbox.MaxLength - frame.Length;
        if (length < 40)
            return new DraftOutcome.NothingFits("greeting and signature fill the mailbox's maximal length");
        var system = ModelPrompt.System(request.Mailbox, language, length, canary);
        var user = ModelPrompt.User(request.Mail, passages);
        // A token has rarely fewer than two characters, so this is the worst case; the real price is known afterwards.
        if (settings.CostOf((system.Length + user.Length) / 2, settings.MaxOutputTokens) is var worst and > 0 && !await budget(worst, settings.MaxCostPerDay, ct))
            return new DraftOutcome.Failed("the model's budget of the day is used up", Retryable: false);
        return await AskAsync(request, frame, passages, language, system, user, ct);
    }

    private async Task<DraftOutcome> AskAsync(
        DraftRequest request, ReplyFrame frame, List<Passage> passages, string language, string system, string user, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(settings.TimeoutSeconds), time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        ChatResponse response;
        try
        {
            response = await client.GetResponseAsync(
                [new ChatMessage(ChatRole.System, system), new ChatMessage(ChatRole.User, user)],
                new ChatOptions { MaxOutputTokens = settings.MaxOutputTokens, ModelId = settings.Model, Temperature = (float?)settings.Temperature }, both.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return new DraftOutcome.Failed($"the model did not answer within {settings.TimeoutSeconds} s", Retryable: true) { Usage = Estimate(system, user, "") };
        }
        catch (ModelException e)
        {
            return new DraftOutcome.Failed(e.Message, e.Retryable) { RetryAfter = e.RetryAfter };
        }
        var text = response.Text.Trim();
        var usage = response.Usage is { InputTokenCount: >= 0 and <= TokenPrice.MostTokens and var input, OutputTokenCount: >= 0 and <= TokenPrice.MostTokens and var output }
            ? new ModelUsage(settings.Model, input, output, settings.CostOf(input, output)) : Estimate(system, user, text);
        if (text.Length == 0)
            return new DraftOutcome.Failed("the model answered nothing", Retryable: true) { Usage = usage };
        if (text.Contains(ModelPrompt.NothingFits, StringComparison.OrdinalIgnoreCase))
            return new DraftOutcome.NothingFits("the model finds no answer in the passages") { Usage = usage };
        if (response.FinishReason == ChatFinishReason.ContentFilter)
            return new DraftOutcome.NothingFits("the model's server withheld the answer") { Usage = usage };
        if (response.FinishReason == ChatFinishReason.Length)
            return new DraftOutcome.Failed("the model's answer was cut off", Retryable: false) { Usage = usage };
        var draft = frame.Put(text);
        return new DraftOutcome.Draft(draft, passages, language)
        {
            Usage = usage, SystemPrompt = system, Canary = canary, Author = settings.Model,
            Support = SentenceSupport.Of(draft, frame.Before.Length..(frame.Before.Length + text.Length), passages),
        };
    }

    /// <summary>For servers that don't count, and calls whose end nobody saw: about four characters a token.</summary>
    private ModelUsage Estimate(string system, string user, string answer)
    {
        long input = (system.Length + user.Length) / 4, output = answer.Length / 4;
        return new ModelUsage(settings.Model, input, output, settings.CostOf(input, output));
    }
}
