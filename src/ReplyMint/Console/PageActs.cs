using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using ReplyMint.Security;

namespace ReplyMint.Console;

/// <summary>Forms do what calls of the API do, by the same handlers and under the same rules for what may be sent: there is one way to do a thing.</summary>
internal static class PageActs
{
    private static readonly IdAttribute AnId = new();

    /// <summary>An id of the path; empty, which is nobody's, when it has no form of one.</summary>
    public static string Id(this PageCall call, string name = "id") => AnId.WrongText(call.Route(name)) is null ? call.Route(name) : "";

    /// <summary>A number that was typed; one that no rule allows when it is none.</summary>
    public static int Number(this PageCall call, string name) => int.TryParse(call.Field(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    public static bool Ticked(this PageCall call, string name) => call.Field(name) == "on";

    /// <summary>A line that was left empty is none.</summary>
    public static string? Filled(this PageCall call, string name) => call.Field(name) is { Length: > 0 } text ? text : null;

    /// <summary>Does it when the API would, and tells it on the next page.</summary>
    /// <param name="call">Whose form it is.</param>
    /// <param name="wish">What the API takes as the body; null where it takes none.</param>
    /// <param name="act">The API's handler.</param>
    /// <param name="then">The next page.</param>
    public static async Task DoAsync(this PageCall call, object? wish, Func<Task<IResult>> act, string then)
    {
        if (await call.AskAsync(wish, act) is not null)
            await call.GoAsync(then);
    }

    /// <summary>The same; what the API answers, or null when it refused and that was told.</summary>
    public static async Task<IResult?> AskAsync(this PageCall call, object? wish, Func<Task<IResult>> act)
    {
        // The version that the page showed, as a caller of the API names it: what somebody else changed meanwhile is not written over.
        if (call.Field(Version) is { Length: > 0 } version)
            call.Context.Request.Headers.IfMatch = $"\"{version}\"";
        var answer = wish is not null && Wrong(call, wish) is { } wrong ? wrong : await act();
        call.Context.Response.Headers.Remove("ETag");
        if ((answer is INestedHttpResult nested ? nested.Result : answer) is not Problem problem)
            return answer;
        await call.RefuseAsync(problem);
        return null;
    }

    /// <summary>What the API shows, for a page that shows the same; null when it refused and that was told.</summary>
    public static async Task<T?> ReadAsync<T>(this PageCall call, Task<IResult> look) where T : class
    {
        var answer = await look;
        if (answer is not Problem problem)
            return (answer as IValueHttpResult<T>)?.Value;
        await call.RefuseAsync(problem);
        return null;
    }

    /// <summary>The hidden field of a form that changes what has versions.</summary>
    public const string Version = "version";

    private static Problem? Wrong(PageCall call, object wish) =>
        RequestShape.Of(call.Get<IOptions<JsonOptions>>().Value.SerializerOptions.GetTypeInfo(wish.GetType())).Wrong(wish) is { } errors ? new Problem(400, ProblemAnswers.Detail(400), errors) : null;
}
