using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace ReplyMint.Security;

/// <summary>
/// An error's answer: problem details (RFC 9457). Says what the caller did and how to mend it; nothing internal.
/// A handler returns it as its result.
/// </summary>
/// <param name="Status">400 to 599.</param>
/// <param name="Detail">A sentence for a person, or null when the title says it all.</param>
/// <param name="Errors">For bad input: the member's name and what is wrong with it.</param>
internal sealed record Problem(int Status, string? Detail = null, IReadOnlyDictionary<string, string[]>? Errors = null) : IResult
{
    /// <summary>A stable name where the status does not say it all; callers may compare it.</summary>
    public string Type { get; init; } = "about:blank";

    /// <summary>A tenant that is isolated reads and changes nothing.</summary>
    public static Problem Contained { get; } = new(403, "This organisation is isolated by the operator because of an incident: it can read, and change nothing until it is released.") { Type = "urn:replymint:problem:contained" };

    public const string ContentType = "application/problem+json";

    /// <summary>For what is not there, and for what is somebody else's: nobody learns which (AUTH-5).</summary>
    public static Problem NotFound { get; } = new(404, ProblemAnswers.Detail(404));

    /// <summary>A member of the input that can't be so.</summary>
    public static Problem Of(string member, params string[] wrong) => new(400, ProblemAnswers.Detail(400), new Dictionary<string, string[]> { [member] = wrong });

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (httpContext.Features.Get<ProblemPage>() is { } page)
            return page(httpContext, this);
        var answer = httpContext.Response;
        var body = Body(httpContext.TraceIdentifier);
        answer.StatusCode = Status;
        answer.ContentType = ContentType;
        answer.ContentLength = body.Length;
        // What is still to come of a body can't be passed over: the connection ends, and a client that did not know would send its next request by it.
        if (Status == StatusCodes.Status408RequestTimeout)
            answer.Headers.Connection = "close";
        return answer.Body.WriteAsync(body, httpContext.RequestAborted).AsTask();
    }

    public byte[] Body(string traceId) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new ProblemBody(Type, ReasonPhrases.GetReasonPhrase(Status) is { Length: > 0 } title ? title : "Error", Status, Detail, traceId, Errors),
            SecurityJson.Default.ProblemBody);
}

/// <summary>Tells a problem to a person in a browser; a feature of the requests that pages answer.</summary>
internal delegate Task ProblemPage(HttpContext context, Problem problem);

/// <summary>The wire form.</summary>
/// <param name="Type">"about:blank": the status code says what kind of problem it is; else a stable name, such as urn:replymint:problem:contained.</param>
/// <param name="TraceId">The same as the X-Trace-Id header; name it when asking for help.</param>
internal sealed record ProblemBody(string Type, string Title, int Status, string? Detail, string TraceId, IReadOnlyDictionary<string, string[]>? Errors);
