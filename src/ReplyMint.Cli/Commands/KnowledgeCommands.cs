using System.CommandLine;
using System.Globalization;
using ReplyMint.Cli.Reach;
using ReplyMint.Knowledge;
using ReplyMint.Replies;

namespace ReplyMint.Cli.Commands;

/// <summary>What answers rest on.</summary>
internal static class KnowledgeCommands
{
    public static Command Build() => new("knowledge", "what answers rest on") { Add(), List(), Remove(), Ask(), Missing(), Eval(), PastAnswerCommands.List(), PastAnswerCommands.Decide("admit", "take an approved answer into the knowledge, without what is about one person", "is knowledge now", answers => answers.AdmitAsync), PastAnswerCommands.Decide("decline", "leave an approved answer out of the knowledge", "is left out", answers => answers.DeclineAsync) };

    private static StoreCommand Add()
    {
        var paths = new Argument<string[]>("PATH") { Description = "files or folders (Markdown, text, HTML, CSV, JSONL), or https addresses of web pages", Arity = ArgumentArity.OneOrMore };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("add", "add files of knowledge, or replace those of the same name", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var refused = false;
            var files = context.Files.ToList();
            foreach (var url in parse.GetValue(paths)!.Where(IsUrl))
            {
                var page = await context.Get<KnowledgePages>().FetchAsync(url, ct);
                if (page.Problem.Length > 0)
                    context.Error.WriteLine($"{Plain.Line(url, 200)} {page.Problem}");
                else
                    files.Add(new(page.Name, page.File.ToArray()));
                refused |= page.Problem.Length > 0;
            }
            foreach (var file in files)
            {
                var result = await context.Get<KnowledgeStore>().AddAsync(owner.Id, PassageReader.Read(file.Name, file.Bytes), StoreWords.Actor, ct);
                foreach (var problem in result.Problems)
                    context.Error.WriteLine(Plain.Line(problem.ToString()));
                context.Out.WriteLine($"{Plain.Line(file.Name)}: {StoreWords.Word(result.Outcome)}, {result.Passages} {(result.Passages == 1 ? "passage" : "passages")}");
                refused |= result.Outcome == AddOutcome.Refused;
            }
            return refused ? ExitCode.Failed : ExitCode.Ok;
        })
        {
            Arguments = { paths }, Options = { tenant },
            ReadFiles = (parse, host, ct) => NamedFiles.ManyAsync(parse.GetValue(paths)!.Where(path => !IsUrl(path)), PassageReader.Formats, host, ct, telling: true),
            Examples = ["knowledge add faq/", "knowledge add https://www.example.com/faq", "knowledge add prices.csv opening-hours.md --tenant Acme"],
        };
    }

    private static bool IsUrl(string path) => path.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || path.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    private static StoreCommand List()
    {
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("list", "list the files of knowledge", async (context, parse, ct) =>
        {
            var sources = await context.Get<KnowledgeStore>().ListAsync((await context.TenantAsync(parse.GetValue(tenant), ct)).Id, ct);
            StoreWords.Table(context.Out, [.. sources.Select(s => (string[])[s.Passages.ToString(CultureInfo.InvariantCulture), StoreWords.Time(s.AddedAt), s.Name])], "PASSAGES", "ADDED", "NAME");
            return ExitCode.Ok;
        }) { Options = { tenant } };
    }

    private static StoreCommand Remove()
    {
        var name = new Argument<string>("NAME") { Description = "the file, as listed" };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("remove", "take a file out of the knowledge", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            if (!await context.Get<KnowledgeStore>().RemoveAsync(owner.Id, parse.GetValue(name)!, StoreWords.Actor, ct))
                return context.Fail($"there is no {Plain.Line(parse.GetValue(name)!, 60)}; list files with: replymint knowledge list");
            context.Out.WriteLine($"removed {Plain.Line(parse.GetValue(name)!)}");
            return ExitCode.Ok;
        }) { Arguments = { name }, Options = { tenant } };
    }

    private static StoreCommand Ask()
    {
        var question = new Argument<string[]>("QUESTION") { Description = "as a correspondent would ask", Arity = ArgumentArity.OneOrMore };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("ask", "show what the knowledge has to say to a question", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var threshold = context.Get<KnowledgeSettings>().Threshold;
            var hits = await context.Get<KnowledgeSearch>().FindAsync(owner.Id, string.Join(' ', parse.GetValue(question)!), 3, "", trial: true, ct);
            if (hits.Count == 0)
                context.Out.WriteLine("Nothing fits; such a mail is held for a person.");
            foreach (var hit in hits)
            {
                var enough = hit.Score >= threshold ? "answers" : "too little to answer";
                context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{hit.Score:0.00} ({enough}, from {threshold:0.00} on)  {Plain.Line(hit.Passage.Source)}"));
                if (hit.Passage.Question.Length > 0)
                    context.Out.WriteLine($"  {Plain.Line(hit.Passage.Question)}");
                foreach (var line in Plain.Text(hit.Passage.Answer).TrimEnd().Split('\n'))
                    context.Out.WriteLine($"  {line}");
                context.Out.WriteLine();
            }
            return ExitCode.Ok;
        }) { Arguments = { question }, Options = { tenant }, Examples = ["knowledge ask \"When do you open?\""] };
    }

    private static StoreCommand Missing()
    {
        var days = new Option<int>("--days") { HelpName = "N", Description = "of the last N days (30)", DefaultValueFactory = _ => MissingKnowledge.UsualDays };
        var tenant = StoreWords.TenantOption();
        var json = StoreWords.JsonOption();
        return new StoreCommand("missing", "what mails asked and no knowledge fitted, the most asked first", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            if (parse.GetValue(days) is < 1 or > MissingKnowledge.MostDays)
                return context.Fail($"--days: must be from 1 to {MissingKnowledge.MostDays}");
            var report = await context.Get<MissingKnowledge>().ReadAsync(owner.Id, parse.GetValue(days), _ => true, ct);
            if (parse.GetValue(json))
                foreach (var question in report.Questions)
                    context.Out.WriteLine(CliJson.Line(question));
            else
                StoreWords.Table(context.Out, [.. report.Questions.Select(q => (string[])[q.Count.ToString(CultureInfo.InvariantCulture), StoreWords.Time(q.Newest), q.Message, q.FitsNow ? "yes" : "no", q.Question])], "MAILS", "NEWEST", "MESSAGE", "FITS NOW", "QUESTION");
            return ExitCode.Ok;
        }) { Options = { days, tenant, json }, Examples = ["knowledge missing", "knowledge missing --days 7 --json"] };
    }

    private static StoreCommand Eval()
    {
        var queries = new Option<string>("--queries") { HelpName = "FILE", Description = "lines of {\"query\": text, \"relevant\": [ids]}; - for standard input", Required = true };
        var docs = new Option<string?>("--docs") { HelpName = "PATH", Description = "measure this file or folder, without a store; else the tenant's knowledge" };
        var json = new Option<bool>("--json") { Description = "one JSON object with what each question found" };
        var tenant = StoreWords.TenantOption();
        return new StoreCommand("eval", "measure how well questions find their passages", async (context, parse, ct) =>
        {
            var owner = await context.TenantAsync(parse.GetValue(tenant), ct);
            var search = context.Get<KnowledgeSearch>();
            return await MeasureAsync(query => search.FindAsync(owner.Id, query, KnowledgeEval.Asked, "", trial: true, ct), context.Files[0], parse.GetValue(json), context.Out, context.Error);
        })
        {
            Options = { queries, docs, json, tenant },
            ReadFiles = (parse, host, ct) => NamedFiles.OneAsync(parse.GetValue(queries), host, ct),
            WithoutStore = (parse, host, ct) => parse.GetValue(docs) is { } path ? MeasureFilesAsync(path, parse.GetValue(queries)!, parse.GetValue(json), host, ct) : null,
            Examples = ["knowledge eval --queries questions.jsonl", "knowledge eval --docs faq.jsonl --queries questions.jsonl --json"],
        };
    }

    private static async Task<int> MeasureFilesAsync(string docs, string queries, bool json, CommandHost host, CancellationToken ct)
    {
        try
        {
            var passages = new List<Passage>();
            foreach (var file in await NamedFiles.ManyAsync([docs], PassageReader.Formats, host, ct, telling: true))
            {
                var reading = PassageReader.Read(file.Name, file.Bytes);
                foreach (var problem in reading.Problems)
                    host.Error.WriteLine(Plain.Line(problem.ToString()));
                passages.AddRange(reading.Passages);
            }
            if (passages.Count == 0)
                return host.Fail($"{Plain.Line(docs, 200)} holds no passage");
            var asked = await NamedFiles.OneAsync(queries, host, ct);
            var index = KnowledgeIndex.Of(passages);
            return await MeasureAsync(query => Task.FromResult(index.Search(query, KnowledgeEval.Asked)), asked[0], json, host.Out, host.Error);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return host.Fail(e.Message);
        }
    }

    private static async Task<int> MeasureAsync(Func<string, Task<IReadOnlyList<PassageHit>>> search, ForwardedFile queries, bool json, TextWriter output, TextWriter error)
    {
        var (asked, problems) = KnowledgeEval.ReadQueries(queries.Name, queries.Bytes);
        foreach (var problem in problems)
            error.WriteLine(Plain.Line(problem.ToString()));
        var found = new List<IReadOnlyList<PassageHit>>(asked.Count);
        foreach (var query in asked)
            found.Add(await search(query.Query));
        var report = KnowledgeEval.Run(asked, found);
        output.WriteLine(json ? report.ToJson()
            : string.Create(CultureInfo.InvariantCulture, $"{asked.Count} questions: hit@1 {report.HitAt1:0.000}, hit@5 {report.HitAt5:0.000}, mrr {report.Mrr:0.000}"));
        return problems.Count > 0 || asked.Count == 0 ? ExitCode.Failed : ExitCode.Ok;
    }
}
