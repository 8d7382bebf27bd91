using System.Globalization;
using System.Text;
using ReplyMint.Aws;

namespace ReplyMint.Tests.Aws;

/// <summary>Signatures are those of the examples that AWS publishes ("Signature Version 4", its test suite, and S3's examples).</summary>
public sealed class AwsSignerTests
{
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    [Theory]
    [InlineData("GET", "https://example.amazonaws.com/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    [InlineData("POST", "https://example.amazonaws.com/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    public void The_test_suites_requests(string method, string uri, string signature)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), uri);
        AwsSigner.Sign(request, [], new("AKIDEXAMPLE", Secret, null, null), "us-east-1", "service", At("2015-08-30T12:36:00Z"));
        Assert.Equal($"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}", Authorization(request));
    }

    [Fact]
    public void The_manuals_call_with_a_query_and_a_content_type()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08") { Content = new ByteArrayContent([]) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        AwsSigner.Sign(request, [], new("AKIDEXAMPLE", Secret, null, null), "us-east-1", "iam", At("2015-08-30T12:36:00Z"));
        Assert.EndsWith("SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", Authorization(request), StringComparison.Ordinal);
    }

    [Fact]
    public void The_storage_services_read_of_a_range()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://examplebucket.s3.amazonaws.com/test.txt");
        request.Headers.TryAddWithoutValidation("Range", "bytes=0-9");
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        AwsSigner.Sign(request, [], new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null, null), "us-east-1", "s3", At("2013-05-24T00:00:00Z"));
        Assert.EndsWith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", Authorization(request), StringComparison.Ordinal);
    }

    [Fact]
    public void The_body_the_session_and_the_port_are_signed()
    {
        string Signed(string body, string session, string uri)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, uri);
            AwsSigner.Sign(request, Encoding.UTF8.GetBytes(body), new("AKIDEXAMPLE", Secret, session, null), "us-east-1", "dynamodb", At("2015-08-30T12:36:00Z"));
            Assert.Equal(session, Assert.Single(request.Headers.GetValues("X-Amz-Security-Token")));
            Assert.Contains("SignedHeaders=host;x-amz-date;x-amz-security-token,", Authorization(request), StringComparison.Ordinal);
            return Authorization(request);
        }
        Assert.Equal(4, ((string[])[Signed("{}", "a", "http://localhost/"), Signed("{ }", "a", "http://localhost/"), Signed("{}", "b", "http://localhost/"), Signed("{}", "a", "http://localhost:8000/")]).Distinct().Count());
    }

    /// <summary>"Authenticating Requests: Using Query Parameters", with a day's life.</summary>
    [Fact]
    public void The_storage_services_address_that_holds_its_signature()
    {
        var address = AwsSigner.Address(HttpMethod.Get, new("https://examplebucket.s3.amazonaws.com/test.txt"), [], new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null, null), "us-east-1", "s3", At("2013-05-24T00:00:00Z"), TimeSpan.FromDays(1));
        Assert.Equal("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
            + "&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", address.AbsoluteUri);
        var check = new SignatureCheck("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1");
        Assert.Null(check.AddressProblem("GET", address.PathAndQuery, address.Host, null, At("2013-05-24T23:59:59Z")));
        Assert.Equal("the address is over", check.AddressProblem("GET", address.PathAndQuery, address.Host, null, At("2013-05-25T00:00:01Z")));
        Assert.Equal("the signature does not fit", check.AddressProblem("PUT", address.PathAndQuery, address.Host, null, At("2013-05-24T12:00:00Z")));
    }

    /// <summary>Whoever has it sends these fields as they are, and none of the service's beside them.</summary>
    [Fact]
    public void An_address_may_bind_fields_of_its_call()
    {
        Dictionary<string, string> fields = new() { ["Content-Length"] = "3", ["X-Amz-Checksum-Sha256"] = "aGFzaA==" };
        var address = AwsSigner.Address(HttpMethod.Put, new("https://examplebucket.s3.amazonaws.com/test.txt"), fields, new("AKIAIOSFODNN7EXAMPLE", Secret, null, null), "us-east-1", "s3", At("2013-05-24T00:00:00Z"), TimeSpan.FromMinutes(2));
        Assert.Contains("&X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum-sha256&", address.Query, StringComparison.Ordinal);
        var check = new SignatureCheck("AKIAIOSFODNN7EXAMPLE", Secret, "us-east-1");
        string? Problem(string method, params (string, string)[] sent) => check.AddressProblem(method, address.PathAndQuery, address.Host, null, At("2013-05-24T00:01:00Z"), sent);
        Assert.Null(Problem("PUT", ("content-length", "3"), ("x-amz-checksum-sha256", "aGFzaA=="), ("user-agent", "any")));
        Assert.Equal("the signature does not fit", Problem("PUT", ("content-length", "4"), ("x-amz-checksum-sha256", "aGFzaA==")));
        Assert.Equal("the signature does not fit", Problem("PUT", ("content-length", "3"), ("x-amz-checksum-sha256", "b3RoZXI=")));
        Assert.Equal("the signature does not fit", Problem("PUT", ("content-length", "3")));
        Assert.Equal("the signature does not fit", Problem("GET", ("content-length", "3"), ("x-amz-checksum-sha256", "aGFzaA==")));
        Assert.Equal("a field is not signed", Problem("PUT", ("content-length", "3"), ("x-amz-checksum-sha256", "aGFzaA=="), ("x-amz-acl", "public-read")));
    }

    /// <summary>What the tests' stand-ins ask of each call is what AWS's own example says, and no more and no less.</summary>
    [Fact]
    public void The_stand_ins_check_finds_the_test_suites_signature_and_no_other()
    {
        var fields = new Dictionary<string, string>
        {
            ["host"] = "example.amazonaws.com", ["x-amz-date"] = "20150830T123600Z",
            ["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        };
        var check = new SignatureCheck("AKIDEXAMPLE", Secret, "us-east-1");
        string? Problem(string target, string body = "") => check.Problem("GET", target, fields.GetValueOrDefault, Encoding.UTF8.GetBytes(body), At("2015-08-30T12:37:00Z"));
        Assert.Null(Problem("/?Param2=value2&Param1=value1"));
        Assert.Equal("the signature does not fit", Problem("/?Param2=value2&Param1=value2"));
        Assert.Equal("the signature does not fit", Problem("/?Param2=value2&Param1=value1", "{}"));
    }

    private static string Authorization(HttpRequestMessage request) => Assert.Single(request.Headers.GetValues("Authorization"));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
