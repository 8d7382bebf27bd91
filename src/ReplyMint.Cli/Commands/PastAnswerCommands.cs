using ReplyMint.Audit;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>Approved answers that could serve as knowledge, and what somebody decides of each.</summary>
internal static class PastAnswerCommands
{
    public static StoreCommand List()
    {
        var (tenant, limit, json) = (StoreWords.TenantOption(), StoreWords.LimitOption(), StoreWords.JsonOption());
        return new StoreCommand("candidates", "list approved answers that could serve as knowledge, as they would stand there", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var (answers, _) = await context.Get<PastAnswers>().ListAsync(owner.Id, _ => true, Math.Clamp(parse.GetValue(limit), 1, 1000), null, ct);
            if (parse.GetValue(json))
                foreach (var answer in answers)
                    context.Out.WriteLine(CliJson.Line(answer));
            else
                StoreWords.Table(context.Out, [.. answers.Select(answer => (string[])[answer.Id, answer.Question, answer.Answer.Length > 0 ? answer.Answer : "(nothing in it could serve others)"])], "ID", "QUESTION", "ANSWER");
            return ExitCode.Ok;
        }) { Options = { tenant, limit, json } };
    }

    public static StoreCommand Decide(string name, string description, string done, Func<PastAnswers, Func<string, string, Func<string, bool>, Actor, CancellationToken, Task<AdmitOutcome>>> act)
    {
        var (id, tenant) = (StoreWords.Id("ID", "the answer, as listed by: replymint knowledge candidates"), StoreWords.TenantOption());
        return new StoreCommand(name, description, async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var named = Plain.Line(parse.GetValue(id)!, 60);
            switch (await act(context.Get<PastAnswers>())(owner.Id, parse.GetValue(id)!, _ => true, StoreWords.Actor, ct))
            {
                case AdmitOutcome.Done:
                    context.Out.WriteLine($"{named} {done}");
                    return ExitCode.Ok;
                case AdmitOutcome.NothingLeft:
                    return context.Fail($"each sentence of {named} is about one person, so nothing of it can serve others");
                case AdmitOutcome.Full:
                    return context.Fail("the tenant has as many passages as knowledge.maxPassages allows");
                default:
                    return context.Fail($"there is no open answer {named}; list them with: replymint knowledge candidates");
            }
        }) { Arguments = { id }, Options = { tenant } };
    }
}
