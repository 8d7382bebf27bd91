namespace ReplyMint.Tests.Infra;

/// <summary>Who deploys stays what he is.</summary>
public sealed class BootstrapTests
{
    [Fact]
    public void Who_deploys_becomes_no_administrator() => Assert.Empty(BootstrapChecks.Problems(BootstrapChecks.Stack()));

    [Theory]
    [InlineData("                Condition: {StringEquals: {iam:PermissionsBoundary: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/replymint-boundary'}}\n", "")]
    [InlineData("              - Sid: NotWhatHoldsIt\n                Effect: Deny", "              - Sid: NotWhatHoldsIt\n                Effect: Allow")]
    [InlineData("              - Sid: NeverAway\n                Effect: Deny", "              - Sid: NeverAway\n                Effect: Allow")]
    [InlineData("role/replymint-*'\n                Condition: {StringEquals: {iam:PassedToService: [apigateway", "role/*'\n                Condition: {StringEquals: {iam:PassedToService: [apigateway")]
    [InlineData("                Condition: {StringEquals: {iam:PassedToService: cloudformation.amazonaws.com}}\n", "")]
    [InlineData("                Condition: {StringEqualsIfExists: {cloudformation:RoleArn: !GetAtt ExecutionRole.Arn}}\n", "")]
    [InlineData("Principal: {AWS: !Ref DeployerPrincipal}", "Principal: {AWS: '*'}")]
    [InlineData("table/replymint-*-audit'", "table/replymint-*'")]
    [InlineData("function:replymint-*-rotate'", "function:replymint-*'")]
    [InlineData("'apigateway:GET', ", "'iam:*', 'apigateway:GET', ")]
    [InlineData("aws:SecureTransport: 'false'", "aws:SecureTransport: 'true'")]
    [InlineData("ObjectLockEnabled: true", "ObjectLockEnabled: false")]
    [InlineData("            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}\n", "")]
    public void A_protection_that_is_taken_away_is_noticed(string find, string replace)
    {
        var text = File.ReadAllText(BootstrapChecks.File);
        Assert.Contains(find, text, StringComparison.Ordinal);
        Assert.NotEmpty(BootstrapChecks.Problems(BootstrapChecks.Stack(text.Replace(find, replace, StringComparison.Ordinal))));
    }
}
