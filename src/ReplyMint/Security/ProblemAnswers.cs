using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ReplyMint.Security;

/// <summary>Turns what goes wrong further in into problem details: exceptions, and error codes that nobody wrote a body for.</summary>
internal sealed partial class ProblemAnswers(RequestDelegate next, ILogger logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            await AnswerAsync(context, e);
            return;
        }
        var answer = context.Response;
        if (answer is { StatusCode: >= 400, HasStarted: false, ContentLength: null } && string.IsNullOrEmpty(answer.ContentType))
            await new Problem(answer.StatusCode, Detail(answer.StatusCode)).ExecuteAsync(context);
    }

    private Task AnswerAsync(HttpContext context, Exception e)
    {
        if (e is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
            return Task.CompletedTask;
        if (e is not BadHttpRequestException)
            LogFailure(logger, context.TraceIdentifier, Failure.Types(e), e.StackTrace ?? "");
        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one. Kestrel's own refusals are whole (RefusalObserver).
            if (e is not BadHttpRequestException)
                context.Abort();
            return Task.CompletedTask;
        }
        // What the caller has left stays true whatever became of his request.
        var (left, policy) = (context.Response.Headers["RateLimit"], context.Response.Headers["RateLimit-Policy"]);
        context.Response.Clear();
        (context.Response.Headers["RateLimit"], context.Response.Headers["RateLimit-Policy"]) = (left, policy);
        var problem = e is BadHttpRequestException bad ? new Problem(bad.StatusCode, Detail(bad.StatusCode), Member(bad)) : new Problem(500);
        return problem.ExecuteAsync(context);
    }

    public static string? Detail(int status) => status switch
    {
        400 => "The request is not well-formed.",
        404 => "There is nothing at this address.",
        405 => "This address does not know that method; the Allow header names those that it does.",
        408 => "The request arrived too slowly.",
        413 => "The body is larger than this address takes.",
        414 => "The request line is too long.",
        415 => "This address does not take that media type.",
        431 => "The header fields are too large, or too many.",
        _ => null,
    };

    /// <summary>Which part of the input was bad; only its name, for the framework's own texts speak of our types.</summary>
    private static Dictionary<string, string[]>? Member(BadHttpRequestException e)
    {
        const string parameter = "parameter \"";
        if (e.InnerException is JsonException json)
            return Missing(json) ?? new() { [JsonMember(json.Path)] = ["is missing, unknown, given twice, or not of the right type"] };
        var start = e.Message.IndexOf(parameter, StringComparison.Ordinal);
        if (start < 0)
            return null;
        var end = e.Message.IndexOf('"', start + parameter.Length);
        if (end < 0)
            return null;
        var declaration = e.Message.AsSpan(start + parameter.Length, end - start - parameter.Length);
        // A parameter that is a record's property has the property's spelling here.
        return new() { [JsonNamingPolicy.CamelCase.ConvertName(declaration[(declaration.LastIndexOf(' ') + 1)..].ToString())] = ["is missing or not of the right type"] };
    }

    /// <summary>The reader names what is missing in its message alone; members' names are ours, so they may be shown.</summary>
    private static Dictionary<string, string[]>? Missing(JsonException e)
    {
        if (!e.Message.Contains("missing required properties", StringComparison.Ordinal))
            return null;
        var inside = e.Path is null or "$" ? "" : JsonMember(e.Path) + ".";
        Dictionary<string, string[]> missing = [];
        // 'Type' was missing ... including: 'first', 'second'.
        foreach (var part in e.Message[e.Message.IndexOf("including:", StringComparison.Ordinal)..].Split('\'').Where((_, index) => index % 2 == 1))
            missing[inside + part] = ["is missing"];
        return missing.Count == 0 ? null : missing;
    }

    private static string JsonMember(string? path) =>
        path is null or "$" ? "body" : path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;

    // Messages of exceptions may quote what they failed on, which may be personal; types and places may not.
    [LoggerMessage(Level = LogLevel.Error, Message = "Request {TraceId} failed: {Exception}\n{Stack}")]
    private static partial void LogFailure(ILogger logger, string traceId, string exception, string stack);
}
