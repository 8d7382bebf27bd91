using System.CommandLine;
using System.Text.Json;
using ReplyMint.Cli.Eval;

namespace ReplyMint.Cli.Commands;

/// <summary>Measures how well mails are read, judged, found answers for and kept from harm, on sets of public data.</summary>
internal static class EvalCommand
{
    private static readonly (string Set, Measurement Run)[] Measurements =
    [
        ("reply-trimming", TrimmingEval.RunAsync), ("mime", MimeEval.RunAsync), ("autoreply", AutoreplyEval.RunAsync), ("retrieval", RetrievalEval.RunAsync), ("injection", InjectionEval.RunAsync),
    ];

    public static Command Build(CommandHost host)
    {
        var data = new Argument<string>("DATA") { Description = "a folder with reply-trimming, mime, autoreply, retrieval and injection, or some of them" };
        var json = new Option<bool>("--json") { Description = "one JSON object a figure" };
        var cases = new Option<bool>("--cases") { Description = "also print each case that went wrong, to the error output" };
        var eval = new Verb("eval", "measure reading, judging, finding and guarding on sets of public data; status 1 when a figure is not reached")
        {
            Arguments = { data }, Options = { json, cases }, Examples = ["eval data/", "eval --cases data/"],
        };
        eval.SetAction(async (parse, ct) =>
        {
            var folder = host.Full(parse.GetValue(data)!);
            var figures = new List<Figure>();
            foreach (var (set, run) in Measurements)
            {
                if (!Directory.Exists(Path.Combine(folder, set)))
                    continue;
                try
                {
                    figures.AddRange(await run(Path.Combine(folder, set), line => Tell(parse.GetValue(cases), line, host), ct));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
                {
                    return host.Fail($"{set} can't be read as such a set: {Plain.Line(e.Message, 200)}");
                }
            }
            if (figures.Count == 0)
                return host.Fail($"there is none of {string.Join(", ", Measurements.Select(one => one.Set))} in {folder}");
            if (parse.GetValue(json))
                foreach (var figure in figures)
                    host.Out.WriteLine(Json(figure));
            else
                StoreWords.Table(host.Out, [.. figures.Select(figure => (string[])[figure.Set, figure.Name, figure.Written, figure.Of, figure.Asked, figure.Asked.Length == 0 ? "" : figure.IsMet ? "yes" : "NO"])],
                    "SET", "FIGURE", "MEASURED", "OF", "ASKED", "MET");
            return figures.All(figure => figure.IsMet) ? ExitCode.Ok : ExitCode.Failed;
        });
        return eval;
    }

    private static void Tell(bool cases, string line, CommandHost host)
    {
        if (cases)
            host.Error.WriteLine(Plain.Text(line));
    }

    private static string Json(Figure figure)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("set", figure.Set);
            writer.WriteString("figure", figure.Name.Trim());
            writer.WriteNumber("value", Math.Round(figure.Value, 4));
            writer.WriteString("of", figure.Of);
            if (figure.Least is { } least)
                writer.WriteNumber("least", least);
            if (figure.Most is { } most)
                writer.WriteNumber("most", most);
            writer.WriteBoolean("met", figure.IsMet);
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
