using System.Text.Json.Nodes;
using ReplyMint.Guide;
using ReplyMint.Tests.Cli;
using ReplyMint.Tests.Infra;

namespace ReplyMint.Tests.Guide;

/// <summary>replymint guide looks at a template of AWS, without a store or a server.</summary>
public sealed class GuideTemplateTests : IDisposable
{
    private readonly CliRun _cli = CliRun.OnStore();
    private readonly string _good = File.ReadAllText(TemplateChecks.File);

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task The_projects_own_template_passes_in_each_form_that_AWS_hands_it_out()
    {
        foreach (var (name, text) in new[] { ("template.yaml", _good), ("processed.json", new JsonObject { ["TemplateBody"] = TemplateChecks.Read(_good) }.ToJsonString()) })
        {
            var report = JsonNode.Parse(await _cli.OkAsync("guide", "--template", _cli.Write(name, text), "--look", "template", "--format", "json"))!;
            foreach (var control in Catalogue.All.Where(control => control.Checks.Any(check => check.AtTemplate is not null)))
                Assert.Equal("pass", (string?)report["controls"]!.AsArray().Single(one => (string?)one!["id"] == control.Id)!["verdict"]);
            Assert.Equal(Catalogue.All.Count(control => control.Checks.Any(check => check.AtTemplate is not null)), (int)report["counts"]!["pass"]!);
        }
        Assert.Contains("AWS-4", await _cli.OkAsync("guide", "--template", "template.yaml", "--look", "template", "--only", "AWS"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_protection_that_was_taken_away_is_told_with_its_resource_and_how_to_mend_it()
    {
        var mutant = TemplateMutants.All.Single(one => one.Name == "keys can be deleted");
        Assert.Equal(1, await _cli.RunAsync("guide", "--template", _cli.Write("changed.yaml", mutant.ApplyTo(_good)), "--look", "template"));
        Assert.Matches(@"(?m)^AWS-4 +FAIL .*\n +template: .*changed\.yaml, production: KeysTable can be deleted; staging: KeysTable can be deleted\n +mend: ", _cli.Out);
        Assert.Contains(" 1 fail, 0 warn,", _cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_template_in_the_working_folder_is_found()
    {
        Assert.Equal(2, await _cli.RunAsync("guide", "--look", "template"));
        Assert.Contains("there is no infra/template.yaml here; name a template with --template", _cli.Error, StringComparison.Ordinal);
        _cli.Write("infra/template.yaml", _good);
        Assert.Matches(@"(?m)^AWS-7 +pass ", await _cli.OkAsync("guide", "--only", "AWS-7"));
    }

    [Theory]
    [InlineData("Resources:\n  A: &x\n", "is no template of CloudFormation that can be read here: line 2: & is not read here")]
    [InlineData("{", "is no template of CloudFormation that can be read here: ")]
    [InlineData("hello", "it has no Resources")]
    [InlineData("Resources:\n  A: {Type: 'AWS::S3::Bucket'}\n", "is no template of ReplyMint: it has no AWS::ApiGateway::RestApi")]
    public async Task What_is_no_template_of_ours_gets_one_line_and_status_2(string text, string message)
    {
        Assert.Equal(2, await _cli.RunAsync("guide", "--template", _cli.Write("other", text)));
        Assert.Contains(message, _cli.Error, StringComparison.Ordinal);
        Assert.Equal("", _cli.Out);
    }

    /// <summary>Where all that a control rests on was left out nothing was looked at, and nothing passes.</summary>
    [Fact]
    public async Task A_template_that_leaves_out_what_is_looked_at_passes_by_nothing_it_lacks()
    {
        var template = TemplateChecks.Read(_good);
        var all = template["Resources"]!.AsObject();
        foreach (var name in all.Where(one => (string?)one.Value!["Type"] is not ("AWS::ApiGateway::RestApi" or "AWS::Lambda::Function" or "AWS::DynamoDB::Table")).Select(one => one.Key).ToList())
            all.Remove(name);
        Assert.Null(TemplateLook.Missing(template));
        var outcomes = await GuideRun.AtTemplateAsync(Catalogue.All, new TemplateLook("bare", template), TestContext.Current.CancellationToken);
        var passed = Catalogue.All.Where(control => control.Checks.Any(check => outcomes.GetValueOrDefault(check)?.Verdict == Verdict.Pass)).Select(control => $"{control.Id}: {control.Checks.Select(check => outcomes.GetValueOrDefault(check)).OfType<Outcome>().First().Evidence}");
        Assert.Equal("", string.Join('\n', passed));
        // And where no check finds anything wrong, since what it would look at is not there.
        Assert.Equal(Verdict.NotChecked, new TemplateLook("good", TemplateChecks.Read(_good)).Judge("LATER-1", ["AWS::GameLift::Fleet"]).Verdict);
    }

    /// <summary>Whatever stands in it is a finding or "not checked", and never the end of the run.</summary>
    [Fact]
    public async Task A_template_that_is_cut_short_breaks_nothing()
    {
        var template = TemplateChecks.Read(_good);
        var failed = 0;
        foreach (var name in template["Resources"]!.AsObject().Select(one => one.Key).ToList())
        {
            var cut = template.DeepClone().AsObject();
            cut["Resources"]![name]!.AsObject().Remove("Properties");
            var outcomes = await GuideRun.AtTemplateAsync(Catalogue.All, new TemplateLook("cut", cut), TestContext.Current.CancellationToken);
            failed += outcomes.Values.Count(outcome => outcome.Verdict == Verdict.Fail);
        }
        Assert.True(failed > 100, $"{failed}");
    }
}
