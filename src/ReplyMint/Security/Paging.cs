using System.Buffers;
using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace ReplyMint.Security;

/// <summary>Which page of a list is asked for. A handler takes it with [AsParameters] and asks <see cref="Problem"/> first.</summary>
internal readonly record struct PageQuery(
    [property: FromQuery(Name = "limit"), Whole(1, PageQuery.Most), Description("How many items at most; 50 unless told.")] int? Limit,
    [property: FromQuery(Name = "cursor"), Id, Description("As given in next by the page before.")] string? Cursor)
{
    public const int Most = 200;
    private const int Usual = 50;

    // A cursor is what an id is made of, so that it can't lead into another list.
    private static readonly SearchValues<char> Id = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    [JsonIgnore]
    public int Size => Limit ?? Usual;

    /// <summary>What is wrong with the question, or null.</summary>
    public Problem? Problem() =>
        Limit is < 1 or > Most ? Security.Problem.Of("limit", string.Create(CultureInfo.InvariantCulture, $"must be a whole number from 1 to {Most}"))
        : Cursor is { } cursor && (cursor.Length is 0 or > 64 || cursor.AsSpan().ContainsAnyExcept(Id)) ? Security.Problem.Of("cursor", "must be the next of the page before") : null;
}

/// <summary>A page of a list. <paramref name="Next"/> is the cursor of the next one, or null on the last.</summary>
internal sealed record Listing<T>(IReadOnlyList<T> Items, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Next)
{
    /// <summary>Also says where the next page is (RFC 8288).</summary>
    public Listing<T> Linked(HttpContext context)
    {
        if (Next is null)
            return this;
        var query = context.Request.Query.Where(part => part.Key is not ("cursor")).SelectMany(part => part.Value, (part, value) => KeyValuePair.Create(part.Key, value));
        context.Response.Headers.Link = $"<{context.Request.Path}{QueryString.Create([.. query, KeyValuePair.Create<string, string?>("cursor", Next)])}>; rel=\"next\"";
        return this;
    }
}
