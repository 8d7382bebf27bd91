using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ReplyMint.Knowledge;
using ReplyMint.Limits;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>
/// A file of knowledge by a form. Where a gateway takes no large body, the page's script puts it into the bucket and sends the form without it
/// (<see cref="Uploads"/>); without the script the form takes what the gateway lets through.
/// </summary>
internal static class UploadForm
{
    private const string Place = KnowledgeFilePages.Home + "/upload";
    // A file, and what a form puts around it.
    private const int MostBody = PassageReader.MostFile + 64 * 1024;
    // Lambda takes 6 MB of JSON, in which a file is a third longer.
    private const int MostDirect = 4 * 1024 * 1024;

    public static void Map(IEndpointRouteBuilder routes, RouteGroupBuilder costly)
    {
        costly.Act("/knowledge/uploads", AskAsync);
        routes.MapPages(Permission.KnowledgeWrite).WithMetadata(new BodyLimit(MostBody)).Costly().Act("/knowledge/upload", TakeAsync);
    }

    public static void Add(Html html, PageCall call)
    {
        var say = call.Say;
        call.Connects = call.Get<Uploads>().Origin;
        html.Add($"""<form method="post" action="{Place}" enctype="multipart/form-data" class="card"><h2>{say["knowledge.upload"]}</h2>""");
        html.Hidden(PageForms.Field, call.Token);
        html.Add($"""
            <label for="file">{say["knowledge.choose"]}</label><input id="file" name="file" type="file" required aria-describedby="file-help" accept=".md,.markdown,.txt,.html,.htm,.csv,.jsonl">
            <p class="help" id="file-help">{say["knowledge.choose-help"]}</p>
            """);
        if (call.Connects is not null)
        {
            // The script finds the form by it.
            html.Hidden("upload", "");
            html.Add($"""<p class="help" data-without="{MostDirect}">{say["knowledge.upload-direct"]}</p><p class="wrong" role="alert" hidden>{say["knowledge.upload-failed"]}</p>""");
        }
        html.Add($"""<button class="main">{say["knowledge.add"]}</button></form>""");
    }

    /// <summary>For the page's script, which sends the file to the address and then the form; it reads no objects, so these are two words.</summary>
    private static async Task AskAsync(PageCall call)
    {
        var wish = new NewUpload(call.Field("name"), call.Number("size"), call.Field("sha256"));
        if (await call.AskAsync(wish, () => UploadRoutes.AskAsync(call.Caller, wish, call.Get<Uploads>(), call.Get<TimeProvider>(), call.Stop)) is not IValueHttpResult<UploadPlace> { Value: { } place })
            return;
        call.Context.Response.ContentType = "text/plain; charset=utf-8";
        await call.Context.Response.WriteAsync($"{place.Id} {place.Address}", call.Stop);
    }

    private static async Task TakeAsync(PageCall call)
    {
        if (call.Field("upload") is { Length: > 0 } id)
        {
            await (IdAttribute.IsId(id) ? KnowledgeFilePages.TakeAsync<object?>(call, null, _ => UploadRoutes.TakeAsync(call.Caller, id, call.Get<Uploads>(), call.Get<KnowledgeStore>(), call.Stop)) : call.RefuseAsync(Problem.NotFound));
            return;
        }
        if (call.Context.Request.Form.Files is not [{ } file])
        {
            await call.RefuseAsync(new Problem(400, "The form holds no file."));
            return;
        }
        var name = Path.GetFileName(file.FileName.Replace('\\', '/'));
        if (new LineAttribute(200).Wrong(name) is { } wrong)
        {
            await call.RefuseAsync(Problem.Of("name", wrong));
            return;
        }
        var bytes = new byte[file.Length];
        await using (var content = file.OpenReadStream())
            await content.ReadExactlyAsync(bytes, call.Stop);
        await KnowledgeFilePages.TakeAsync<object?>(call, null, _ => KnowledgeRoutes.StoreAsync(call.Caller, name, bytes, call.Get<KnowledgeStore>(), call.Stop));
    }
}
