using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using ReplyMint.Security;

namespace ReplyMint.Tests.Security;

public sealed class PublicRouteTests
{
    private static readonly SharedHost Shared = new(() => TestHost.StartAsync(TestHost.Development(), app =>
    {
        app.MapGet("/forgotten", () => "open to the world");
    }));

    [Fact]
    public async Task Health_ready_and_info_say_little()
    {
        var host = await Shared.GetAsync();
        Assert.Equal("{\"status\":\"ok\"}", (await host.AskAsync("GET", "/health")).Body);
        Assert.Equal("{\"status\":\"ready\"}", (await host.AskAsync("GET", "/ready")).Body);
        var info = (await host.AskAsync("GET", "/info")).Json;
        Assert.Equal(["version", "environment"], info.EnumerateObject().Select(m => m.Name));
        Assert.Equal("development", info.GetProperty("environment").GetString());
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+$", info.GetProperty("version").GetString());
    }

    [Fact]
    public async Task A_route_that_no_group_protects_stays_shut()
    {
        var host = await Shared.GetAsync();
        (await host.AskAsync("GET", "/forgotten")).IsProblem(404);
    }

    [Fact]
    public async Task Every_route_of_the_product_is_protected_by_its_group()
    {
        await using var host = await Product.ProductHost.StartAsync();
        var routes = host.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().ToArray();
        Assert.NotEmpty(routes);
        foreach (var route in routes)
            Assert.True(route.Metadata.GetMetadata<Protection>() is not null, $"{route.RoutePattern.RawText} is in no group of RouteGroups.");
    }

    [Fact]
    public async Task Not_ready_is_503_with_the_name_of_what_fails_only()
    {
        var works = false;
        var asked = 0;
        var time = new FakeTimeProvider();
        await using var host = await TestHost.StartAsync(TestHost.Development(), services: services =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.AddSingleton(new ReadyCheck("store", _ =>
            {
                asked++;
                return works ? ValueTask.FromResult(true) : throw new IOException("/var/lib/replymint/db is on a full disk");
            }));
            services.AddSingleton(new ReadyCheck("clock", _ => ValueTask.FromResult(true)));
        });
        var answer = (await host.AskAsync("GET", "/ready")).IsProblem(503);
        Assert.Equal("Not ready: store.", answer.Json.GetProperty("detail").GetString());
        Assert.Equal(200, (await host.AskAsync("GET", "/health")).Status);

        // Anybody may ask, so the disk is asked at most once a second.
        works = true;
        (await host.AskAsync("GET", "/ready")).IsProblem(503);
        Assert.Equal(1, asked);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await host.AskAsync("GET", "/ready")).Status);
    }

    [Fact]
    public async Task A_check_that_hangs_counts_as_not_ready_and_the_next_caller_is_not_kept_waiting_for_ever()
    {
        var time = new FakeTimeProvider();
        var started = new TaskCompletionSource();
        await using var host = await TestHost.StartAsync(TestHost.Development(), services: services =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.AddSingleton(new ReadyCheck("store", async ct =>
            {
                started.TrySetResult();
                await new TaskCompletionSource().Task.WaitAsync(ct);
                return true;
            }));
        });
        var asking = host.AskAsync("GET", "/ready");
        await started.Task;
        time.Advance(TimeSpan.FromSeconds(5));
        (await asking).IsProblem(503);
    }
}
