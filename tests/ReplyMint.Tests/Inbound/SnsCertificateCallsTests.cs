using System.Net;
using ReplyMint.Tests.Product;
using Xunit;

namespace ReplyMint.Tests.Inbound;

/// <summary>Whoever names certificates that are not there takes nothing from others, and Amazon's being away stops no mail.</summary>
public sealed class SnsCertificateCallsTests : IAsyncLifetime
{
    private SesHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await SesHost.StartAsync();

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    private SnsMail Signed() => _host.Received(_host.Product.Mail("When do you open?")).Sign(SesHost.Key);

    private static string Address(int i) => $"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{i:x32}.pem";

    [Fact]
    public async Task A_channel_that_names_ever_new_certificates_leaves_the_others_calls_to_them()
    {
        var noisy = await _host.AddChannelAsync(SnsMail.Topic, _host.Product.Tenant.Id);
        for (var i = 1; i <= 20; i++)
        {
            var mail = Signed();
            mail["SigningCertURL"] = Address(i);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await _host.PostAsync(mail, noisy));
        }

        Assert.Equal(HttpStatusCode.OK, await _host.PostAsync(Signed()));
    }

    [Fact]
    public async Task One_that_is_not_there_is_asked_for_once_a_minute()
    {
        for (var i = 0; i < 3; i++)
        {
            var mail = Signed();
            mail["SigningCertURL"] = Address(1);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await _host.PostAsync(mail));
        }

        Assert.Single(_host.Asked);
    }

    [Fact]
    public async Task A_good_key_counts_on_while_it_can_not_be_fetched_anew()
    {
        Assert.Equal(HttpStatusCode.OK, await _host.PostAsync(Signed()));
        _host.Answers[SnsMail.CertificateUrl] = (HttpStatusCode.InternalServerError, []);
        _host.Product.Time.Advance(TimeSpan.FromHours(25));

        Assert.Equal(HttpStatusCode.OK, await _host.PostAsync(Signed()));

        // But not when Amazon says that it is not there any more.
        _host.Answers[SnsMail.CertificateUrl] = (HttpStatusCode.NotFound, []);
        _host.Product.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await _host.PostAsync(Signed()));
    }
}
