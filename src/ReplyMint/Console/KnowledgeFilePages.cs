using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Accounts;
using ReplyMint.Inbound;
using ReplyMint.Knowledge;
using ReplyMint.Limits;
using ReplyMint.Replies;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>What answers rest on: its files, what it says to a question, and what is missing in it.</summary>
internal static class KnowledgeFilePages
{
    private const string Place = "knowledge";
    internal const string Home = "/console/knowledge";
    private const int PageSize = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPages(Permission.KnowledgeRead).Show("/knowledge", ShowAsync);
        routes.MapPages(Permission.KnowledgeRead).Costly().Act("/knowledge/try", TryAsync);
        routes.MapPages(Permission.MessagesRead).Costly().Show("/knowledge/missing", MissingAsync);
        var write = routes.MapPages(Permission.KnowledgeWrite);
        write.Show("/knowledge/add", AddAsync);
        write.Show("/knowledge/{id}/remove", AskRemoveAsync);
        write.Act("/knowledge/{id}/remove", call => call.DoAsync(null, () => KnowledgeRoutes.RemoveAsync(call.Caller, call.Id(), call.Get<KnowledgeStore>(), call.Stop), Home + "?done=knowledge-removed"));
        var costly = routes.MapPages(Permission.KnowledgeWrite).Costly();
        costly.Act("/knowledge/page", call => TakeAsync(call, new NewKnowledgePage(call.Field("url")),
            wish => KnowledgeRoutes.FetchAsync(call.Caller, wish, call.Get<KnowledgePages>(), call.Get<KnowledgeStore>(), call.Stop)));
        costly.Act("/knowledge/write", WriteAsync);
        UploadForm.Map(routes, costly);
    }

    private static async Task ShowAsync(PageCall call)
    {
        var say = call.Say;
        var after = IdAttribute.IsId(call.Query("after")) ? call.Query("after") : null;
        var (sources, next) = await call.Get<KnowledgeStore>().ListAsync(call.Caller.Tenant, PageSize, after, call.Stop);
        var html = await BeginAsync(call, Home);
        if (sources.Count > 0)
            await AskFormAsync(html, call, "", "");
        if (sources.Count == 0)
            html.Empty(say, "knowledge.empty");
        else
        {
            html.Table(say["knowledge.title"], say["knowledge.file"], say["knowledge.passages"], say["knowledge.added"], "");
            foreach (var source in sources)
            {
                html.Add($"""<tr><th scope="row"><bdi>{source.Name}</bdi></th><td class="number">{source.Passages}</td><td>""");
                html.Time(call, source.AddedAt);
                html.Add($"""</td><td class="acts">""");
                if (call.May(Permission.KnowledgeWrite))
                    html.Add($"""<a href="/console/knowledge/{source.Id}/remove" aria-label="{say["knowledge.remove"]}: {source.Name}">{say["knowledge.remove"]}</a>""");
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        if (next is not null)
            html.Add($"""<p><a class="button" rel="next" href="{Home}?after={next}">{say["inbox.more"]}</a></p>""");
        await call.ShowAsync(html);
    }

    private static async Task<Html> BeginAsync(PageCall call, string current)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["knowledge.title"], Place);
        var may = call.May(Permission.KnowledgeWrite);
        html.Head(say["knowledge.title"], may ? Home + "/add" : "", say["knowledge.add"]);
        if (call.May(Permission.MessagesRead))
            html.Tabs(say["knowledge.title"], current, (Home, say["knowledge.files"]), (Home + "/missing", say["knowledge.missing"]));
        return html;
    }

    private static async Task AskFormAsync(Html html, PageCall call, string question, string mailbox)
    {
        var say = call.Say;
        var seen = (await call.Get<Mailboxes>().ListAsync(call.Caller.Tenant, call.Stop)).Where(box => call.Caller.Sees(box.Id)).ToList();
        html.Form(call, Home + "/try", "card");
        html.Add($"""<h2>{say["knowledge.try"]}</h2>""");
        html.Area("question", say["knowledge.question"], question, 4_000, needed: true, rows: 2);
        if (seen.Count > 1)
            html.Choice("mailbox", say["inbox.mailbox"], mailbox, seen.Select(box => (box.Id, box.Address)).Prepend(("", say["knowledge.any-mailbox"])));
        html.Add($"""<button class="main">{say["knowledge.see"]}</button></form>""");
    }

    /// <summary>Sent as a form since a model may be asked; nothing is stored.</summary>
    private static async Task TryAsync(PageCall call)
    {
        var wish = new KnowledgeQuestion(call.Field("question"), call.Filled("mailbox"));
        var answer = await call.AskAsync(wish, () => TryRoutes.QuestionAsync(call.Caller, wish, call.Get<DryRun>(), call.Get<Mailboxes>(), call.Get<KnowledgeSearch>(), call.Get<KnowledgeSettings>(), call.Stop));
        if (answer is not IValueHttpResult<KnowledgeTryResult> { Value: { } tried })
            return;
        var say = call.Say;
        var html = await BeginAsync(call, "");
        await AskFormAsync(html, call, wish.Question, wish.Mailbox ?? "");
        html.Add($"""<section class="card" id="answer"><h2>{say["knowledge.answer"]}</h2>""");
        if (tried.Answer.Length > 0)
            html.Add($"""<pre class="letter"><bdi>{tried.Answer}</bdi></pre>""");
        else
            html.Add($"""<p class="wrong">{say["knowledge.no-answer"]}</p>""");
        foreach (var finding in tried.Findings)
            html.Add($"""<p class="wrong">{say["reason.guard"]}: <bdi>{finding.Found ?? WireWord.Of(finding.Rule)}</bdi></p>""");
        html.Add($"""</section><h2>{say["knowledge.rests-on"]}</h2>""");
        if (tried.Passages.Count == 0)
            html.Add($"""<p class="muted">{say["knowledge.nothing-near"]}</p>""");
        foreach (var passage in tried.Passages)
        {
            var fits = passage.Score >= tried.Threshold;
            html.Add($"""<article class="card passage"><p class="muted"><span class="{(fits ? "chip good" : "chip")}">{say[fits ? "knowledge.fits" : "knowledge.too-far"]} · {Percent(passage.Score)}</span> <bdi>{passage.Source}</bdi></p>""");
            if (passage.Question.Length > 0)
                html.Add($"""<h3><bdi>{passage.Question}</bdi></h3>""");
            html.Add($"""<p class="lines"><bdi>{passage.Answer}</bdi></p></article>""");
        }
        html.Add($"""<p class="muted">{say["knowledge.threshold", Percent(tried.Threshold)]}</p>""");
        await call.ShowAsync(html);
    }

    private static async Task MissingAsync(PageCall call)
    {
        var say = call.Say;
        var report = await call.Get<MissingKnowledge>().ReadAsync(call.Caller.Tenant, MissingKnowledge.UsualDays, call.Caller.Sees, call.Stop);
        call.Get<SecurityEvents>().Note(SecurityEventKind.MailRead, call.Caller, report.Questions.Count);
        var html = await BeginAsync(call, Home + "/missing");
        if (report.Questions.Count == 0)
            html.Empty(say, "knowledge.missing.empty");
        else
        {
            html.Add($"""<p class="muted">{say["knowledge.missing.what"]}</p>""");
            html.Table(say["knowledge.missing"], say["knowledge.question"], say["knowledge.asked"], say["knowledge.newest"], "");
            foreach (var missing in report.Questions)
            {
                html.Add($"""<tr><th scope="row"><a href="/console/inbox/{missing.Message}"><bdi>{missing.Question}</bdi></a></th><td class="number">{missing.Count}</td><td>""");
                html.Time(call, missing.Newest);
                html.Add($"""</td><td class="acts">""");
                if (missing.FitsNow)
                    html.Add($"""<span class="chip good">{say["knowledge.fits-now"]}</span>""");
                else if (call.May(Permission.KnowledgeWrite))
                    html.Add($"""<a href="{Home}/add?of={missing.Message}" aria-label="{say["knowledge.write-answer"]}: {missing.Question}">{say["knowledge.write-answer"]}</a>""");
                html.Add($"""</td></tr>""");
            }
            html.EndTable();
        }
        await call.ShowAsync(html);
    }

    private static async Task AddAsync(PageCall call)
    {
        var say = call.Say;
        var html = await call.BeginAsync(say["knowledge.add"], Place);
        html.Add($"""<p><a href="{Home}">{say["knowledge.title"]}</a></p><h1>{say["knowledge.add"]}</h1><div class="pair">""");
        html.Form(call, Home + "/write", "card");
        html.Add($"""<h2>{say["knowledge.write"]}</h2>""");
        html.Area("question", say["knowledge.question"], await QuestionOfAsync(call), 300, needed: true, rows: 2);
        html.Area("text", say["knowledge.text"], "", 20_000, say["knowledge.text-help"], needed: true, rows: 6);
        html.Add($"""<button class="main">{say["knowledge.add"]}</button></form><div>""");
        UploadForm.Add(html, call);
        html.Form(call, Home + "/page", "card");
        html.Add($"""<h2>{say["knowledge.page"]}</h2>""");
        html.Line("url", say["knowledge.url"], "https://", 2_000, say["knowledge.url-help"], "url", needed: true);
        html.Add($"""<button class="main">{say["knowledge.add"]}</button></form></div></div>""");
        await call.ShowAsync(html);
    }

    /// <summary>What a mail asked that the knowledge has no answer to.</summary>
    private static async Task<string> QuestionOfAsync(PageCall call) =>
        Storage.Ids.IsTimed(call.Query("of")) && call.May(Permission.MessagesRead) && await call.Get<Messages>().FindAsync(call.Caller.Tenant, call.Query("of"), call.Stop) is { } message
            && call.Caller.Sees(message.Record.Mailbox) && await call.Get<MessageTexts>().FindAsync(message, call.Stop) is { } text
            && AskedQuestion.Of(text.Reply, message.Summary.Subject) is { } asked ? asked.Text : "";

    /// <summary>A question with its answer is a file of its own, named by the question: asked again it is written anew.</summary>
    private static Task WriteAsync(PageCall call)
    {
        var question = string.Join(' ', call.Field("question").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        var name = string.Concat(question.Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-').Take(80)).Trim();
        // A line that begins like a heading would be a question of its own.
        var text = string.Join('\n', call.Field("text").ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimStart().StartsWith('#') ? "\\" + line.TrimStart() : line));
        return question.Length == 0 || name.Length == 0 || text.Length == 0 ? call.RefuseAsync(Problem.Of("question", "needs words, and an answer"))
            : TakeAsync(call, new NewKnowledge(name + ".md", $"# {question}\n\n{text}\n"), wish => KnowledgeRoutes.AddAsync(call.Caller, wish, call.Get<KnowledgeStore>(), call.Stop));
    }

    /// <summary>What was read of it, and what was lost; people look at that once, so it is no page that can be loaded again.</summary>
    internal static async Task TakeAsync<T>(PageCall call, T wish, Func<T, Task<IResult>> act)
    {
        if (await call.AskAsync(wish, () => act(wish)) is not IValueHttpResult<KnowledgeAdded> { Value: { } added })
            return;
        if (added.Problems.Count == 0)
        {
            await call.GoAsync(Home + "?done=knowledge-" + WireWord.Of(added.Outcome));
            return;
        }
        var say = call.Say;
        var html = await call.BeginAsync(say["knowledge.title"], Place);
        html.Add($"""<p class="told" role="status">{say["done." + ("knowledge-" + WireWord.Of(added.Outcome))]}</p><section class="card"><h1><bdi>{added.Name}</bdi></h1><p>{say["knowledge.read", added.Passages]}</p><ul lang="en">""");
        foreach (var problem in added.Problems)
            html.Add($"""<li>{(problem.Line > 0 ? problem.Line.ToString(CultureInfo.InvariantCulture) + ": " : "")}{problem.What}</li>""");
        html.Add($"""</ul><p><a class="button" href="{Home}">{say["error.on"]}</a></p></section>""");
        await call.ShowAsync(html);
    }

    private static async Task AskRemoveAsync(PageCall call)
    {
        if (await call.Get<KnowledgeStore>().FindAsync(call.Caller.Tenant, call.Id(), call.Stop) is not { } source)
            await call.RefuseAsync(Problem.NotFound);
        else
            await call.ConfirmAsync(Place, call.Say["knowledge.remove"], source.Name, call.Say["knowledge.remove-what"], $"{Home}/{source.Id}/remove", Home);
    }

    private static string Percent(double score) => Math.Round(score * 100).ToString(CultureInfo.InvariantCulture) + " %";
}
