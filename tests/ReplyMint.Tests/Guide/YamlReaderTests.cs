using System.Text.Json.Nodes;
using ReplyMint.Guide;
using ReplyMint.Tests.Infra;

namespace ReplyMint.Tests.Guide;

/// <summary>The guide's own reader of YAML reads what a reader of others reads, and refuses the rest with its line.</summary>
public sealed class YamlReaderTests
{
    public static TheoryData<string> Texts =>
    [
        "a: 1\nb: two words # said\n# alone\nc: 'it''s # none'\nd: \"a\\n\\\"b\\\" \\u00e9\"\n",
        "a:\n  - x\n  - y: 1\n    z: 2\n  - - deep\n    - er\n  -\n    k: v\nb:\n- left\n- {c: [1, 2], 'd': {}}\n",
        "a: [x, y,\n   z]\nb: {k: v,\n  l: 'm'}\nc: []\nd: {}\ne: [{a: b}, [c]]\nf: {\"k\":\"v\"}\n",
        "a: |\n  one\n   two\n\n  three\nb: >-\n  folded\n  line\n\n  next\nc: |-\n  end\nd: >\n  x\n  y\n",
        "a: !Ref X\nb: !GetAtt X.Arn\nc: !Sub '${A}-b'\nd: !If [C, !Ref A, 'n']\ne: !Join\n  - ','\n  - [a, b]\nf: !Not [!Equals [!Ref S, '']]\n",
        "plain: over\n  two lines\nnext: http://x:80/y#z\naws:Key: arn:aws:x\n'Fn::Sub': x\nempty:\nlast: ''\n",
        "---\na:\n    b:\n        c: deep\n    d: e\n",
    ];

    [Theory, MemberData(nameof(Texts))]
    public void Texts_are_read_as_others_read_them(string text) => Same(TemplateYaml.Parse(text), YamlReader.Read(text));

    [Theory, InlineData("template.yaml"), InlineData("bootstrap.yaml")]
    public void Templates_are_read_as_others_read_them(string name)
    {
        var text = File.ReadAllText(Path.Combine(HouseTests.Root, "infra", name));
        Same(TemplateYaml.Parse(text), YamlReader.Read(text));
        // As JSON, and as AWS hands it out.
        var json = TemplateYaml.Parse(text).ToJsonString();
        Same(TemplateYaml.Parse(text), TemplateText.Read(json).Template!);
        Same(TemplateYaml.Parse(text), TemplateText.Read($$"""{"TemplateBody": {{json}}, "StagesAvailable": ["Original"]}""").Template!);
        Same(TemplateYaml.Parse(text), TemplateText.Read(new JsonObject { ["TemplateBody"] = text }.ToJsonString()).Template!);
    }

    [Theory]
    [InlineData("a: &x 1\nb: *x\n", "line 1: & is not read here")]
    [InlineData("a: 1\na: 2\n", "line 2: a stands here twice")]
    [InlineData("a: [1, 2\n", "the end is missing")]
    [InlineData("a: 'x\n", "the quotation does not end")]
    [InlineData("a: 1\n   b: 2\n", "line 2: ")]
    [InlineData("a: b: c\n", "line 1: a colon stands where a value is expected")]
    [InlineData("a: 1\nb\n", "line 2: a key and a colon are expected here")]
    [InlineData("a: 'x' y\n", "line 1: nothing is expected behind this")]
    [InlineData("a: !GetAtt X\n", "names no attribute")]
    public void What_is_not_read_is_refused_with_its_line(string text, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => YamlReader.Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Depth_is_bounded()
    {
        Assert.Throws<FormatException>(() => YamlReader.Read("a: " + new string('[', 10_000)));
        Assert.Throws<FormatException>(() => YamlReader.Read(string.Concat(Enumerable.Range(0, 1_000).Select(i => new string(' ', i) + "a:\n"))));
    }

    private static void Same(JsonNode expected, JsonNode read) => Assert.Equal(expected.ToJsonString(), read.ToJsonString());
}
