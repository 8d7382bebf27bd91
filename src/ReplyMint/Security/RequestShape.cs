using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Serialization.Metadata;

namespace ReplyMint.Security;

/// <summary>
/// What a request record may hold, read once from its generated JSON description and the rules on its members. Works on the
/// members' names as they travel, so that what is wrong is named as the caller wrote it.
/// </summary>
internal sealed class RequestShape
{
    private const int MaxTold = 20;

    private static readonly ConcurrentDictionary<Type, RequestShape> Known = new();

    private readonly Member[] _members;

    private RequestShape(Member[] members) => _members = members;

    /// <param name="Name">As in JSON.</param>
    /// <param name="Rule">Of the value, or of each element of a list.</param>
    /// <param name="Items">Null for what is no list.</param>
    /// <param name="Shape">Of an object, or of each element.</param>
    private sealed record Member(string Name, Func<object, object?> Get, RuleAttribute? Rule, ItemsAttribute? Items, Func<RequestShape>? Shape, bool Checked);

    /// <exception cref="InvalidOperationException">A member could be of any size: its rule is missing.</exception>
    public static RequestShape Of(JsonTypeInfo type) => Known.GetOrAdd(type.Type, static (_, type) => Read(type), type);

    /// <summary>Null when all is well; else what is wrong with which member.</summary>
    public Dictionary<string, string[]>? Wrong(object value)
    {
        Dictionary<string, string[]>? wrong = null;
        Check(value, "", ref wrong);
        return wrong;
    }

    private void Check(object value, string path, ref Dictionary<string, string[]>? wrong)
    {
        foreach (var member in _members)
            if (member.Checked && member.Get(value) is { } held)
                Check(member, held, path.Length == 0 ? member.Name : $"{path}.{member.Name}", ref wrong);
    }

    private static void Check(Member member, object held, string path, ref Dictionary<string, string[]>? wrong)
    {
        if (wrong?.Count >= MaxTold)
            return;
        if (member.Items is null)
        {
            CheckOne(member, held, path, ref wrong);
            return;
        }
        var list = (ICollection)held;
        if (list.Count > member.Items.Most || list.Count < member.Items.Least)
        {
            Tell(ref wrong, path, list.Count > member.Items.Most ? $"has more than {member.Items.Most} elements" : $"has fewer than {member.Items.Least} elements");
            return;
        }
        if (held is IDictionary dictionary)
        {
            foreach (DictionaryEntry entry in dictionary)
            {
                if (KeyRule.Wrong(entry.Key) is { } badKey)
                    Tell(ref wrong, path, $"has a name that {badKey}");
                else
                    CheckElement(member, entry.Value, $"{path}.{entry.Key}", ref wrong);
            }
            return;
        }
        var index = 0;
        foreach (var element in list)
            CheckElement(member, element, $"{path}[{index++}]", ref wrong);
    }

    private static readonly LineAttribute KeyRule = new(100);

    private static void CheckElement(Member member, object? element, string path, ref Dictionary<string, string[]>? wrong)
    {
        // The JSON reader lets null pass where only the element's own nullability forbids it.
        if (element is null)
            Tell(ref wrong, path, "is null");
        else
            CheckOne(member, element, path, ref wrong);
    }

    private static void CheckOne(Member member, object value, string path, ref Dictionary<string, string[]>? wrong)
    {
        if (member.Rule?.Wrong(value) is { } sentence)
            Tell(ref wrong, path, sentence);
        else if (value is Enum && !Enum.IsDefined(value.GetType(), value))
            Tell(ref wrong, path, "is none of the known values");
        else
            member.Shape?.Invoke().Check(value, path, ref wrong);
    }

    private static void Tell(ref Dictionary<string, string[]>? wrong, string path, string sentence)
    {
        wrong ??= new(StringComparer.Ordinal);
        if (wrong.Count < MaxTold)
            wrong[path] = [sentence];
    }

    private static RequestShape Read(JsonTypeInfo type) =>
        type.Kind == JsonTypeInfoKind.Object ? new([.. type.Properties.Where(p => p.Get is not null && p.Set is not null || p.AssociatedParameter is not null).Select(p => Read(type, p))])
            : throw new InvalidOperationException($"{type.Type.Name} is no object: a request's body is one, so that it can grow.");

    private static Member Read(JsonTypeInfo owner, JsonPropertyInfo property)
    {
        var where = $"{owner.Type.Name}.{property.Name}";
        var rule = Attribute<RuleAttribute>(property);
        var items = Attribute<ItemsAttribute>(property);
        var type = owner.Options.GetTypeInfo(property.PropertyType);
        var isList = type.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary;
        if (isList != items is not null)
            throw new InvalidOperationException(isList ? $"{where} is a list of any length: give it [Items]." : $"{where} has [Items] and is no list.");
        var element = Nullable.GetUnderlyingType(isList ? type.ElementType! : property.PropertyType) ?? (isList ? type.ElementType! : property.PropertyType);
        Func<RequestShape>? shape = null;
        if (IsText(element) || IsNumber(element))
        {
            if (rule is null)
                throw new InvalidOperationException($"{where} has no bounds: give it a rule such as [Line] or [Whole].");
        }
        else if (!IsFixed(element))
        {
            var inner = owner.Options.GetTypeInfo(element);
            if (inner.Kind != JsonTypeInfoKind.Object)
                throw new InvalidOperationException($"{where} holds {element.Name}, which nothing bounds.");
            // Late, since a record may hold itself.
            shape = () => Of(inner);
        }
        return new(property.Name, property.Get!, rule, items, shape, rule is not null || isList || shape is not null || element.IsEnum);
    }

    /// <summary>On the property, or on the parameter of a positional record.</summary>
    internal static T? Attribute<T>(JsonPropertyInfo property) where T : Attribute =>
        Attribute<T>(property.AttributeProvider) ?? Attribute<T>(property.AssociatedParameter?.AttributeProvider);

    private static T? Attribute<T>(ICustomAttributeProvider? provider) where T : Attribute =>
        provider?.GetCustomAttributes(typeof(T), true) is [T found, ..] ? found : null;

    private static bool IsText(Type type) => type == typeof(string);

    private static bool IsNumber(Type type) => type == typeof(int) || type == typeof(long) || type == typeof(double) || type == typeof(decimal) || type == typeof(short);

    private static bool IsFixed(Type type) =>
        type == typeof(bool) || type.IsEnum || type == typeof(DateTimeOffset) || type == typeof(DateOnly) || type == typeof(TimeOnly) || type == typeof(Guid);
}
