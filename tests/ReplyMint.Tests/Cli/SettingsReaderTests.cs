using System.Text.Json.Nodes;

namespace ReplyMint.Tests.Cli;

public sealed class SettingsReaderTests : IDisposable
{
    private readonly CliRun _cli = new();

    public void Dispose() => _cli.Dispose();

    private async Task<JsonNode> ShowAsync(params string[] more)
    {
        Assert.Equal(0, await _cli.RunAsync(["settings", "show", .. more]));
        return JsonNode.Parse(_cli.Out)!;
    }

    private async Task<string> RefusedAsync(params string[] more)
    {
        Assert.Equal(2, await _cli.RunAsync(["settings", "show", .. more]));
        Assert.Equal("", _cli.Out);
        return _cli.Error;
    }

    [Fact]
    public async Task Without_any_source_the_safe_defaults_hold()
    {
        var shown = await ShowAsync();
        Assert.Equal("production", (string?)shown["environment"]);
        Assert.Equal("file", (string?)shown["outbound"]!["channel"]);
        Assert.Equal(Path.Combine(_cli.Folder, ".config/replymint"), (string?)shown["config"]);
    }

    [Fact]
    public async Task The_command_line_beats_the_environment_which_beats_the_file()
    {
        _cli.Write("c/replymint.json", """{ "jobs": { "workers": 5 }, "environment": "staging", "dns": { "server": "192.0.2.1" } }""");
        _cli.Environment["REPLYMINT_JOBS__WORKERS"] = "6";
        _cli.Environment["REPLYMINT_ENVIRONMENT"] = "development";
        var shown = await ShowAsync("--config", "c", "--set", "jobs.workers=7");
        Assert.Equal(7, (int?)shown["jobs"]!["workers"]);
        Assert.Equal("development", (string?)shown["environment"]);
        Assert.Equal("192.0.2.1", (string?)shown["dns"]!["server"]);
    }

    [Fact]
    public async Task A_list_in_the_environment_is_separated_by_commas()
    {
        _cli.Environment["REPLYMINT_URLS"] = "http://localhost:1, http://localhost:2";
        var shown = await ShowAsync();
        Assert.Equal(["http://localhost:1", "http://localhost:2"], shown["urls"]!.AsArray().Select(u => (string?)u));
    }

    [Fact]
    public async Task The_file_is_found_in_the_config_folder_beside_the_data_folder_or_where_it_was_named()
    {
        _cli.Write("named.json", """{ "jobs": { "workers": 11 } }""");
        Assert.Equal(11, (int?)(await ShowAsync("--settings", "named.json"))["jobs"]!["workers"]);
        _cli.Write("replymint.json", """{ "jobs": { "workers": 12 } }""");
        Assert.Equal(12, (int?)(await ShowAsync("--data", "data"))["jobs"]!["workers"]);
        _cli.Write("c/replymint.json", """{ /* why */ "$schema": "x", "jobs": { "workers": 13, }, }""");
        Assert.Equal(13, (int?)(await ShowAsync("--data", "data", "--config", "c"))["jobs"]!["workers"]);
    }

    [Theory]
    [InlineData("""{ "jobz": { "workers": 1 } }""", "there is no setting jobz; the nearest is jobs (s.json)")]
    [InlineData("""{ "jobs": { "worker": 1 } }""", "there is no setting jobs.worker; the nearest is jobs.workers (s.json)")]
    [InlineData("""{ "jobs": { "workers": "5" } }""", "jobs.workers must be a whole number up to 2147483647, not text (s.json)")]
    [InlineData("""{ "jobs": { "workers": 1.5 } }""", "jobs.workers must be a whole number up to 2147483647; this number is not (s.json)")]
    [InlineData("""{ "jobs": { "workers": null } }""", "jobs.workers must be a whole number up to 2147483647, not null (s.json)")]
    [InlineData("""{ "jobs": 5 }""", "jobs must be an object of members, not number (s.json)")]
    [InlineData("""{ "jobs": { "workers": 257 } }""", "jobs.workers is 257; allowed are 1 to 256. (s.json)")]
    [InlineData("""{ "environment": "prod" }""", "environment must be one of production, staging, development; this text is not (s.json)")]
    [InlineData("""{ "urls": [1] }""", "urls must be a list whose items have the right type; this list is not (s.json)")]
    [InlineData("""{ "environment": "staging", "environment": "production" }""", "names a member twice")]
    [InlineData("""{ "jobs": """, "is not valid JSON: line 1, column")]
    [InlineData("""[]""", "must hold one JSON object")]
    public async Task What_a_file_says_wrongly_is_named_with_what_is_allowed(string file, string message)
    {
        _cli.Write("s.json", file);
        Assert.Contains(message, await RefusedAsync("--settings", "s.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_problem_has_a_line_of_its_own()
    {
        _cli.Write("s.json", """{ "a": 1, "b": 2, "environment": 3 }""");
        var lines = (await RefusedAsync("--settings", "s.json")).TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, l => Assert.StartsWith("replymint: ", l, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_in_the_wrong_place_is_never_repeated()
    {
        _cli.Environment["REPLYMINT_MASTER_KEY"] = "hunter2hunter2";
        _cli.Environment["REPLYMINT_JOBS__WORKERS"] = "hunter2hunter2";
        Assert.DoesNotContain("hunter2", await RefusedAsync(), StringComparison.Ordinal);
        _cli.Environment.Remove("REPLYMINT_JOBS__WORKERS");
        Assert.DoesNotContain("hunter2", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_variables_are_errors_but_those_of_tests_are_not_read()
    {
        _cli.Environment["REPLYMINT_TEST_ANYTHING"] = "1";
        _cli.Environment["OTHER_JOBS__WORKERS"] = "1";
        await ShowAsync();
        _cli.Environment["REPLYMINT_JOBS_WORKERS"] = "1";
        Assert.Contains("REPLYMINT_JOBS_WORKERS; the nearest is REPLYMINT_JOBS__WORKERS", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_file_must_be_there()
    {
        Assert.Contains("there is no settings file", await RefusedAsync("--settings", "nowhere.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_shipped_schema_is_the_one_the_program_prints()
    {
        Assert.Equal(0, await _cli.RunAsync("settings", "schema"));
        var shipped = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "replymint.schema.json"), TestContext.Current.CancellationToken);
        Assert.True(_cli.Out == shipped, "replymint.schema.json is stale; mend it with: ./run.sh settings schema > replymint.schema.json");
    }

    [Fact]
    public async Task Each_setting_can_be_said_by_its_variable()
    {
        Assert.Equal(0, await _cli.RunAsync("settings", "variables"));
        var variables = _cli.Out.TrimEnd().Split('\n').Select(l => l.Split(' ')[0]).ToList();
        Assert.Contains("REPLYMINT_NOTICES__EMAIL", variables);
        Assert.Equal(variables.Count, variables.Distinct().Count());
        foreach (var variable in variables)
            _cli.Environment[variable] = "\u0001";
        // Whatever the value does, the name is known.
        await _cli.RunAsync("settings", "show");
        Assert.DoesNotContain("there is no setting", _cli.Error, StringComparison.Ordinal);
    }
}
