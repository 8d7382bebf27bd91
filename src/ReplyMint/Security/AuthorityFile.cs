using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ReplyMint.Security;

/// <summary>A certificate authority of one's own, which counts for a mail server beside those that the system trusts. Names and dates have to be right all the same.</summary>
internal static class AuthorityFile
{
    public static RemoteCertificateValidationCallback Trusts(string authorityFile) => (_, certificate, presented, errors) =>
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null)
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy = OutsideHttp.Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(authorityFile);
        if (presented is not null)
            foreach (var element in presented.ChainElements)
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        return chain.Build(new X509Certificate2(certificate));
    };
}
