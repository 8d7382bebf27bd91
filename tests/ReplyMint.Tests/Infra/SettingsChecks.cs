using System.Globalization;
using ReplyMint.Aws;
using ReplyMint.Guide;
using ReplyMint.Security;
using ReplyMint.Storage;

namespace ReplyMint.Tests.Infra;

/// <summary>What the template says to the product is what the product understands: variables, names of tables and keys, parameter paths, origins.</summary>
internal static class SettingsChecks
{
    /// <summary>Which function runs which loop; of these, what needs the store.</summary>
    public static readonly string[] Functions = ["api", "worker", "sweep", "imap", "rotate", "erase", "alarm"];

    public static string VariableOf(string path)
    {
        var name = string.Concat(path.Select(c => c == '.' ? "__" : char.IsAsciiLetterUpper(c) ? "_" + c : char.ToUpperInvariant(c).ToString()));
        return SettingsReader.Prefix + name;
    }

    public static Dictionary<string, string> VariablesOf(Resource function) =>
        (function.Node("Environment.Variables")?.AsObject() ?? []).ToDictionary(one => one.Key, one => (string)one.Value!, StringComparer.Ordinal);

    public static IEnumerable<string> Problems(Stack stack)
    {
        var functions = stack.Of("AWS::Lambda::Function").ToDictionary(function => function.Text("FunctionName"), StringComparer.Ordinal);
        if (!functions.Keys.Order(StringComparer.Ordinal).SequenceEqual(Functions.Select(name => $"replymint-{stack.Stage}-{name}").Order(StringComparer.Ordinal)))
            yield return $"the functions are {string.Join(", ", functions.Keys)}";
        foreach (var (name, function) in functions)
        {
            var variables = VariablesOf(function);
            foreach (var problem in Of(stack, name[(name.LastIndexOf('-') + 1)..], variables).Concat(Understood(variables)))
                yield return $"{name}: {problem}";
        }
        foreach (var problem in Tables(stack))
            yield return problem;
        var release = stack.Find("ReleaseParameter")?.Text("Name");
        if (release != $"/replymint/{stack.Stage}/release")
            yield return $"the parameter of the release is {release}";
    }

    /// <summary>By name, what each must be.</summary>
    private static IEnumerable<string> Of(Stack stack, string function, Dictionary<string, string> variables)
    {
        var stage = DeploymentEnvironments.Parse(stack.Stage)!.Value;
        Dictionary<string, string> expected = new()
        {
            ["lambda.function"] = function, ["environment"] = stage.Name(), ["aws.parameters"] = $"/replymint/{stack.Stage}", ["data"] = "/tmp/data", ["config"] = "/tmp/config",
        };
        if (function != "alarm")
            foreach (var (path, value) in new[]
            {
                ("store", "aws"), ("aws.tablePrefix", $"replymint-{stack.Stage}-"), ("aws.bucket", stack.Find("BlobBucket")!.Text("BucketName")),
                ("aws.queue", $"https://sqs.{Stack.Region}.amazonaws.com/{Stack.Account}/replymint-{stack.Stage}-wake"), ("aws.eraseQueue", $"https://sqs.{Stack.Region}.amazonaws.com/{Stack.Account}/replymint-{stack.Stage}-erase"),
                ("aws.parametersKey", $"arn:aws:kms:{Stack.Region}:{Stack.Account}:key/DataKey"), ("aws.key", $"arn:aws:kms:{Stack.Region}:{Stack.Account}:key/MasterKey"), ("aws.topic", $"arn:aws:sns:{Stack.Region}:{Stack.Account}:replymint-{stack.Stage}-alerts"),
                ("http.publicUrl", "https://" + stack.Parameter("DomainName")), ("http.origins", string.Join(',', stage.DefaultOrigins())), ("smtp.enabled", "false"), ("outbound.channel", stack.Parameter("MailOut")),
                ("accounts.from", stack.Parameter("MailFrom")), ("accounts.signInUrl", stage.DefaultOrigins()[0] + "/sign-in"), ("notices.from", stack.Parameter("MailFrom")), ("notices.email", stack.Parameter("AlarmEmail")),
            })
                expected[path] = value;
        // Only it compares settings with those before (LambdaProcess): at the others it would make each deployment by somebody else a new start.
        if (function == "sweep")
            expected["changedBy"] = stack.Parameter("ChangedBy");
        // Each metric of each function is paid for, so only what an alarm watches is measured.
        if (function == "rotate")
            expected["monitoring.emf"] = "true";
        if (function == "alarm")
            (expected["lambda.alarmWebhook"], expected["aws.topic"]) = ("parameter:alarm-webhook", $"arn:aws:sns:{Stack.Region}:{Stack.Account}:replymint-{stack.Stage}-alerts");
        if (function != "alarm" && stack.Find("MailBucket") is { } mail)
            expected["aws.mailBucket"] = mail.Text("BucketName");
        if (function != "alarm" && stack.Find("MailOutSet") is { } set)
            expected["outbound.ses.configurationSet"] = set.Text("Name");
        if (function != "alarm" && stack.Parameter("MailgunApiKey") is { Length: > 0 } key)
            expected["outbound.mailgun.apiKey"] = key;
        // Each of them may call for a tenant, and the clock that judges the settings has to see the same list (V13.2.5).
        if (function != "alarm" && stack.Parameter("TenantPlaces") is { Length: > 0 } places)
            expected["outside.allow"] = places;
        // What a plan allows is written down by these two; a clock with other plans than the API's would write others (BillingClock).
        if (function is "api" or "sweep" && stack.Parameter("BillingPlans") is { Length: > 0 } plans)
            expected["billing.plans"] = plans;
        if (function is "api" or "sweep" && stack.Parameter("StripeReturnUrl") is { Length: > 0 } back)
            (expected["billing.stripe.apiKey"], expected["billing.stripe.webhookSecret"], expected["billing.stripe.returnUrl"]) = ("parameter:stripe-key", "parameter:stripe-webhook", back);
        foreach (var (path, value) in expected)
            if (variables.GetValueOrDefault(VariableOf(path)) is var given && given != value)
                yield return $"{VariableOf(path)} is {given ?? "not set"}, not {value}";
        foreach (var variable in variables.Keys.Except(expected.Keys.Select(VariableOf), StringComparer.Ordinal))
            yield return $"{variable} is not expected";
        if (variables.GetValueOrDefault(VariableOf("outbound.mailgun.apiKey")) is { } reference && !reference.StartsWith(SecretSource.StorePrefix, StringComparison.Ordinal))
            yield return "a secret stands in the environment";
    }

    /// <summary>Read as the product reads them: each name is one of a setting, each value is allowed.</summary>
    private static IEnumerable<string> Understood(Dictionary<string, string> variables)
    {
        var known = SettingsShape.Root.Leaves.Select(leaf => leaf.Variable).ToHashSet(StringComparer.Ordinal);
        foreach (var variable in variables.Keys.Where(name => !known.Contains(name)))
            yield return $"{variable} is no setting";
        // Lambda says the region to each function.
        var outcome = SettingsReader.Read(new(null, [], variables.Where(one => known.Contains(one.Key)).Append(new("AWS_REGION", Stack.Region)), []));
        foreach (var problem in outcome.Problems.Concat(outcome.Settings?.Problems() ?? []))
            yield return problem;
    }

    private static IEnumerable<string> Tables(Stack stack)
    {
        var names = new DynamoTables($"replymint-{stack.Stage}-");
        foreach (var table in Enum.GetValues<Table>())
        {
            var found = stack.Of("AWS::DynamoDB::Table").FirstOrDefault(one => one.Text("TableName") == names.NameOf(table));
            if (found is null)
            {
                yield return $"there is no table {names.NameOf(table)}";
                continue;
            }
            var keys = string.Join(' ', found.List("KeySchema").Select(key => $"{key["AttributeName"]} {key["KeyType"]}"));
            var types = string.Join(' ', found.List("AttributeDefinitions").Select(key => $"{key["AttributeName"]} {key["AttributeType"]}"));
            if (keys != $"{DynamoTables.Partition} HASH {DynamoTables.Sort} RANGE" || types != $"{DynamoTables.Partition} S {DynamoTables.Sort} S")
                yield return $"{found.Name} has the key {keys}, of {types}";
            if (found.Text("TimeToLiveSpecification.AttributeName") != DynamoTables.Gone || found.Text("TimeToLiveSpecification.Enabled") != "true")
                yield return $"{found.Name} removes nothing by {DynamoTables.Gone}";
            if (found.Node("GlobalSecondaryIndexes") is not null || found.Node("LocalSecondaryIndexes") is not null)
                yield return $"{found.Name} has an index that nobody reads";
        }
        if (stack.Of("AWS::DynamoDB::Table").Count() is var count && count != Enum.GetValues<Table>().Length)
            yield return string.Create(CultureInfo.InvariantCulture, $"there are {count} tables");
    }
}
