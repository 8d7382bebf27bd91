using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace ReplyMint.Security;

/// <summary>What one route takes: its path's and query's parameters with their rules, and its body.</summary>
internal sealed class RequestPlan
{
    private static readonly IdAttribute AnId = new();

    private readonly (string Name, RuleAttribute Rule)[] _path;
    private readonly Dictionary<string, RuleAttribute?> _query;

    private RequestPlan((string, RuleAttribute)[] path, Dictionary<string, RuleAttribute?> query, bool takesBody, RequestShape? body, Type? bodyType) =>
        (_path, _query, TakesBody, Body, BodyType) = (path, query, takesBody, body, bodyType);

    public bool TakesBody { get; }

    /// <summary>Null where the handler reads the body itself.</summary>
    public RequestShape? Body { get; }

    public Type? BodyType { get; }

    /// <exception cref="InvalidOperationException">Something that the route takes could be of any size or form.</exception>
    public static RequestPlan Of(RouteEndpoint endpoint, JsonSerializerOptions json)
    {
        var path = endpoint.RoutePattern.Parameters.ToDictionary(part => part.Name, _ => (RuleAttribute)AnId, StringComparer.Ordinal);
        var query = new Dictionary<string, RuleAttribute?>(StringComparer.Ordinal);
        foreach (var parameter in endpoint.Metadata.GetOrderedMetadata<IParameterBindingMetadata>())
        {
            var info = parameter.ParameterInfo;
            var named = Attribute<IFromQueryMetadata>(info);
            var name = named?.Name ?? parameter.Name;
            var rule = Attribute<RuleAttribute>(info);
            if (path.TryGetValue(name, out var usual))
                path[name] = rule ?? usual;
            else if (named is not null || IsSimple(info.ParameterType, parameter))
                query[name] = rule ?? (NeedsRule(info.ParameterType) ? throw new InvalidOperationException($"{endpoint.RoutePattern.RawText}: the query's {name} has no bounds: give it a rule such as [Line] or [Whole].") : null);
        }
        var body = endpoint.Metadata.GetMetadata<IAcceptsMetadata>();
        var type = body?.ContentTypes.Contains("application/json") == true ? body.RequestType : null;
        return new([.. path.Select(part => (part.Key, part.Value))], query, body is not null, type is null ? null : RequestShape.Of(json.GetTypeInfo(type)), type);
    }

    /// <summary>An id of no known form is the id of nothing; it gets the answer of every unknown one.</summary>
    public bool PathIsGood(RouteValueDictionary values)
    {
        foreach (var (name, rule) in _path)
            if (values[name] is string value && rule.WrongText(value) is not null)
                return false;
        return true;
    }

    /// <summary>Null when the query has known parameters only, each once and each good.</summary>
    public Problem? WrongQuery(IQueryCollection query)
    {
        foreach (var (name, values) in query)
            if (Wrong(name, values) is { } sentence)
                // A name that is not known is the caller's text, and is not given back to him.
                return Problem.Of(_query.ContainsKey(name) ? name : "query", sentence);
        return null;
    }

    private string? Wrong(string name, StringValues values) =>
        !_query.TryGetValue(name, out var rule)
            ? _query.Count == 0 ? "has parameters; this address takes none" : $"has a parameter that is not known here; known are {string.Join(", ", _query.Keys.Order(StringComparer.Ordinal))}"
            : values.Count > 1 ? "is given twice" : rule?.WrongText(values.ToString());

    private static bool IsSimple(Type type, IParameterBindingMetadata parameter) =>
        !parameter.HasBindAsync && (parameter.HasTryParse || type == typeof(string) || Nullable.GetUnderlyingType(type) is not null || type.IsPrimitive || type.IsEnum);

    private static bool NeedsRule(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return !plain.IsEnum && plain != typeof(bool) && plain != typeof(DateTimeOffset) && plain != typeof(DateOnly) && plain != typeof(Guid);
    }

    private static T? Attribute<T>(ICustomAttributeProvider provider) where T : class => provider.GetCustomAttributes(true).OfType<T>().FirstOrDefault();
}
