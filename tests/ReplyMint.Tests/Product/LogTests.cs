using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ReplyMint.Jobs;
using ReplyMint.Storage;
using ReplyMint.Tests.Security;
using Xunit;

namespace ReplyMint.Tests.Product;

/// <summary>Logs name types, places and ids. What an exception says may quote a person's mail or address (MON-2).</summary>
public sealed class LogTests
{
    [Fact]
    public async Task A_job_that_fails_is_logged_without_what_its_exception_says()
    {
        using var lines = new LogLines();
        await using var host = await ProductHost.StartAsync(services: services => services
            .AddSingleton<ILoggerProvider>(lines)
            .AddSingleton(new JobHandler("leaky", (_, _) => throw new InvalidOperationException("anna@customer.example wrote", new FormatException("<secret>")))));
        var commit = new Commit();
        var job = host.Get<JobQueue>().Add(commit, host.Tenant.Id, "leaky", "x1");
        await host.Get<IStore>().CommitAsync(commit, default);
        host.Get<JobQueue>().Wake(job);

        var line = await ProductHost.EventuallyAsync(() => Task.FromResult(lines.All.FirstOrDefault(line => line.Contains("leaky", StringComparison.Ordinal))));

        Assert.Contains("System.InvalidOperationException < System.FormatException", line, StringComparison.Ordinal);
        Assert.DoesNotContain("anna@", line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
    }

    [Fact]
    public void No_log_line_takes_an_exception()
    {
        var methods = typeof(ReplyMintApp).Assembly.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(method => method.IsDefined(typeof(LoggerMessageAttribute))).ToList();
        Assert.NotEmpty(methods);
        Assert.DoesNotContain(methods, method => method.GetParameters().Any(parameter => typeof(Exception).IsAssignableFrom(parameter.ParameterType)));
    }
}
