using System.Text.Json.Nodes;

namespace ReplyMint.Guide;

/// <summary>Where functions run (AWS-3).</summary>
internal static class NetworkTemplate
{
    private static readonly string[] s_gateways = ["dynamodb", "s3"];
    private static readonly string[] s_interfaces = ["kms", "sns", "sqs", "ssm"];

    public static IEnumerable<TemplateProblem> Problems(Stack stack) => Texts(stack).Select(text => new TemplateProblem("AWS-3", text));

    private static IEnumerable<string> Texts(Stack stack)
    {
        if (stack.One("AWS::EC2::VPC") is not { } network)
        {
            if (stack.Stage == "production")
                yield return "production runs outside of a VPC";
            yield break;
        }
        var closed = Closed(stack);
        foreach (var function in stack.Of("AWS::Lambda::Function"))
        {
            var subnets = Stack.TextsOf(function.Node("VpcConfig.SubnetIds")).ToList();
            if (subnets.Count < 2 || subnets.Any(subnet => !closed.Contains(subnet)))
                yield return $"{function.Name} does not run in two private subnets";
            foreach (var group in Stack.TextsOf(function.Node("VpcConfig.SecurityGroupIds")))
                if (group != (function.Text("FunctionName").EndsWith("-imap", StringComparison.Ordinal) ? "MailGroup.GroupId" : "FunctionGroup.GroupId"))
                    yield return $"{function.Name} is in the group {group}";
        }
        foreach (var subnet in stack.Of("AWS::EC2::Subnet").Where(subnet => subnet.Text("MapPublicIpOnLaunch") != "false"))
            yield return $"{subnet.Name} gives out public addresses";
        foreach (var problem in Groups(stack).Concat(Endpoints(stack)))
            yield return problem;
        if (stack.Of("AWS::EC2::NatGateway").Count() != 1)
            yield return "there is not one NAT";
        if (stack.One("AWS::EC2::FlowLog") is not { } log || log.Text("ResourceId") != network.Name || log.Text("TrafficType") is not ("REJECT" or "ALL"))
            yield return "refused packets are not logged";
    }

    /// <summary>Subnets whose way out is the NAT.</summary>
    private static HashSet<string> Closed(Stack stack)
    {
        var open = stack.Of("AWS::EC2::Route").Where(route => route.Node("GatewayId") is not null).Select(route => route.Text("RouteTableId")).ToHashSet(StringComparer.Ordinal);
        return [.. stack.Of("AWS::EC2::SubnetRouteTableAssociation").Where(one => !open.Contains(one.Text("RouteTableId"))).Select(one => one.Text("SubnetId"))];
    }

    private static IEnumerable<string> Groups(Stack stack)
    {
        foreach (var loose in stack.Of("AWS::EC2::SecurityGroupIngress").Concat(stack.Of("AWS::EC2::SecurityGroupEgress")))
            yield return $"{loose.Name} opens a group from outside of it";
        foreach (var group in stack.Of("AWS::EC2::SecurityGroup"))
        {
            // None is written as one that leads nowhere: without any, everything is let out.
            if (!group.List("SecurityGroupEgress").Any() || group.List("SecurityGroupEgress").Any(rule => !IsHttps(rule) && (group.Name != "MailGroup" || !IsImap(rule))))
                yield return $"{group.Name} lets out more than {(group.Name == "MailGroup" ? "HTTPS and IMAP" : "HTTPS")}";
            if (group.Name is "FunctionGroup" or "MailGroup" && group.List("SecurityGroupIngress").Any())
                yield return "functions can be called by the network";
            if (group.Name == "EndpointGroup")
            {
                if (group.List("SecurityGroupIngress").Any(rule => !IsHttps(rule) || (string?)rule["SourceSecurityGroupId"] is not ("FunctionGroup.GroupId" or "MailGroup.GroupId")))
                    yield return "endpoints let in others than functions";
                if (group.List("SecurityGroupEgress").Any(rule => (string?)rule["CidrIp"] != "127.0.0.1/32"))
                    yield return "endpoints begin connections";
            }
        }
    }

    private static bool IsHttps(JsonNode rule) => IsPort(rule, "443");

    /// <summary>With TLS from the start, or before the password.</summary>
    private static bool IsImap(JsonNode rule) => IsPort(rule, "993") || IsPort(rule, "143");

    private static bool IsPort(JsonNode rule, string port) => (string?)rule["IpProtocol"] == "tcp" && (string?)rule["FromPort"] == port && (string?)rule["ToPort"] == port;

    private static IEnumerable<string> Endpoints(Stack stack)
    {
        var endpoints = stack.Of("AWS::EC2::VPCEndpoint").ToList();
        foreach (var service in s_gateways.Concat(s_interfaces))
            if (endpoints.Find(endpoint => endpoint.Text("ServiceName") == $"com.amazonaws.{Stack.Region}.{service}") is not { } endpoint)
                yield return $"calls to {service} leave the network";
            else if (s_gateways.Contains(service) ? endpoint.Text("VpcEndpointType") != "Gateway" || !Stack.TextsOf(endpoint.Node("RouteTableIds")).Contains("PrivateRoutes")
                : endpoint.Text("VpcEndpointType") != "Interface" || endpoint.Text("PrivateDnsEnabled") != "true" || Stack.TextsOf(endpoint.Node("SecurityGroupIds")).FirstOrDefault() != "EndpointGroup.GroupId")
                yield return $"the endpoint of {service} is not used";
        foreach (var endpoint in endpoints)
        {
            var statements = Iam.Statements(endpoint.Node("PolicyDocument")).Where(Iam.Allows).ToList();
            // Else it is a way for what is stolen to another account.
            if (statements.Count == 0 || statements.Any(statement => Iam.Condition(statement, "StringEquals", "aws:PrincipalAccount") != Stack.Account
                || Iam.Actions(statement).Any(action => action.Contains('*', StringComparison.Ordinal)) || Stack.TextsOf(statement["Resource"]).Any(resource => resource == "*")))
                yield return $"{endpoint.Name} leads to what is not ours";
        }
    }
}
