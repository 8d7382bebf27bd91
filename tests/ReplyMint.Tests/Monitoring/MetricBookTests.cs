using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Monitoring;
using ReplyMint.Telemetry;
using Xunit;

namespace ReplyMint.Tests.Monitoring;

/// <summary>What comes into a metric, and how it leaves a function of Lambda. The meter is one for the process, so others' tests are measured, too.</summary>
public sealed class MetricBookTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private readonly MetricBook _book;

    public MetricBookTests() => _book = new(_time);

    public void Dispose() => _book.Dispose();

    [Fact]
    public void What_the_catalogue_does_not_know_becomes_other()
    {
        Measures.MailRefused.Add("smtp", "anna@customer.example");
        Measures.MailRefused.Add("t4w7tenantid", "signature");
        var text = PrometheusText.Write(_book);
        Assert.Contains("replymint_mail_refused_total{replymint_channel=\"smtp\",replymint_reason=\"other\"} ", text, StringComparison.Ordinal);
        Assert.Contains("replymint_mail_refused_total{replymint_channel=\"other\",replymint_reason=\"signature\"} ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("anna@", text, StringComparison.Ordinal);
        Assert.DoesNotContain("t4w7", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_somebody_is_woken_by_is_there_with_zero_before()
    {
        var text = PrometheusText.Write(_book);
        Assert.Contains("replymint_job_dead_letters_total{replymint_job=\"master-key\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("replymint_telemetry_lost_total{replymint_signal=\"traces\"} ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_for_CloudWatch_has_what_is_new_since_the_one_before()
    {
        var line = new EmfLine(_book, "worker", _time);
        Measures.JobsBuried.Add("revocation", 3);
        Measures.OldestKey.Set(86_400);
        Measures.ModelTime.Record(TimeSpan.FromSeconds(2), "drafted");
        using (var first = JsonDocument.Parse(line.Next()!))
        {
            var root = first.RootElement;
            var aws = root.GetProperty("_aws");
            Assert.Equal(_time.GetUtcNow().ToUnixTimeMilliseconds(), aws.GetProperty("Timestamp").GetInt64());
            var told = aws.GetProperty("CloudWatchMetrics")[0];
            Assert.Equal(EmfLine.Namespace, told.GetProperty("Namespace").GetString());
            Assert.Equal("""[["Function"]]""", told.GetProperty("Dimensions").GetRawText());
            Assert.Equal("worker", root.GetProperty("Function").GetString());
            Assert.Contains("""{"Name":"replymint.job.dead_letters","Unit":"Count"}""", told.GetProperty("Metrics").GetRawText(), StringComparison.Ordinal);
            Assert.Contains("""{"Name":"replymint.secret.age","Unit":"None"}""".Replace("None", "Seconds", StringComparison.Ordinal), told.GetProperty("Metrics").GetRawText(), StringComparison.Ordinal);
            Assert.Equal(3, root.GetProperty("parts").GetProperty("replymint.job.dead_letters{revocation}").GetDouble());
            Assert.True(root.GetProperty("replymint.job.dead_letters").GetDouble() >= 3);
            Assert.InRange(root.GetProperty("replymint.model.duration").GetDouble(), 0.0001, 2);
            // Each metric that is named has its value.
            Assert.All(told.GetProperty("Metrics").EnumerateArray(), metric => Assert.Equal(JsonValueKind.Number, root.GetProperty(metric.GetProperty("Name").GetString()!).ValueKind));
        }
        Measures.JobsBuried.Add("revocation");
        using var second = JsonDocument.Parse(line.Next()!);
        Assert.Equal(1, second.RootElement.GetProperty("parts").GetProperty("replymint.job.dead_letters{revocation}").GetDouble());
    }

    [Fact]
    public void A_person_s_value_is_masked_wherever_it_is_written()
    {
        var address = new Personal("anna@customer.example");
        foreach (var written in (string[])[address.ToString(), $"{address}", $"{address,30:X}".Trim(), string.Format(null, "{0}", address), JsonSerializer.Serialize(address), new Carrier(address, 3).ToString(), string.Concat("to ", address)])
        {
            Assert.DoesNotContain("anna", written, StringComparison.Ordinal);
            Assert.Contains(Personal.Mask, written, StringComparison.Ordinal);
        }
        Assert.Equal("anna@customer.example", address.Reveal());
        Assert.Equal(address, new Personal("anna@customer.example"));
    }

    private sealed record Carrier(Personal To, int Tries);
}
