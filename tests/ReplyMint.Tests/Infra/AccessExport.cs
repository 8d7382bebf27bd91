using System.Text.Json.Nodes;
using ReplyMint.Guide;

namespace ReplyMint.Tests.Infra;

/// <summary>The table of access with the policies that it asks, for a tool of others that knows the rules of IAM, too (tools/infra).</summary>
internal static class AccessExport
{
    public static JsonObject Of(Stack stack)
    {
        var rows = AccessTable.Rows(stack.Stage).Concat(AccessTable.Special(stack.Stage, stack.Find("Network") is not null, stack.Find("MailBucket") is not null, stack.Parameter("MailOut") == "ses"));
        var roles = new JsonObject(stack.Of("AWS::IAM::Role").Select(role => KeyValuePair.Create(role.Name, (JsonNode?)new JsonObject
        {
            ["arn"] = $"arn:aws:iam::{Stack.Account}:role/{role.Text("RoleName")}",
            ["policy"] = Document(Iam.StatementsOf(stack, role)),
            ["isInVpc"] = stack.Of("AWS::Lambda::Function").Any(function => function.Node("VpcConfig") is not null && function.Text("Role").EndsWith(":role/" + role.Text("RoleName"), StringComparison.Ordinal)),
        })));
        return new()
        {
            ["stage"] = stack.Stage,
            ["account"] = Stack.Account,
            ["boundary"] = Document(Iam.Statements(BootstrapChecks.Stack().Find("Boundary")!.Node("PolicyDocument"))),
            ["roles"] = roles,
            ["resources"] = new JsonObject(Access.ResourceStatements(stack).GroupBy(one => one.Arn, one => one.Statement).Select(one => KeyValuePair.Create(one.Key, (JsonNode?)Document(one)))),
            ["endpoints"] = new JsonObject(stack.Of("AWS::EC2::VPCEndpoint").Select(endpoint => KeyValuePair.Create(endpoint.Text("ServiceName").Split('.')[^1], endpoint.Node("PolicyDocument")?.DeepClone()))),
            ["rows"] = new JsonArray([.. rows.SelectMany(row => row.Roles.Where(role => stack.Find(role) is not null).Select(role => (JsonNode)new JsonObject
            {
                ["role"] = role, ["action"] = row.Action, ["resource"] = row.Resource, ["may"] = row.May, ["byService"] = row.ByService, ["via"] = row.Context.GetValueOrDefault("kms:ViaService"),
            }))]),
        };
    }

    private static JsonObject Document(IEnumerable<JsonObject> statements) =>
        new() { ["Version"] = "2012-10-17", ["Statement"] = new JsonArray([.. statements.Select(statement => statement.DeepClone())]) };
}
