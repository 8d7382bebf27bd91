using System.Text;

namespace ReplyMint.Tests.Fuzz;

/// <summary>Mails that show what a mail may be; and those of the public sets, where they are here.</summary>
internal static class SeedMails
{
    public static IEnumerable<byte[]> Own { get; } = new[]
    {
        "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>\r\nTo: \"A, B\" (c) <b@example.com>, g: x@y.z, w@v;\r\nSubject: =?iso-8859-1?B?5Pb8?=\r\n =?x?Q?y?=\r\nDate: Tue, 3 Apr 2012 16:55:26 +0400 (MSD)\r\nMessage-ID: <a@b>\r\nReferences: <c@d> <e@f>\r\n\r\nHello\r\n\r\nOn Apr 3, 2012, at 4:19 PM, bob wrote:\r\n\r\n> Hi\r\n-- \r\nJ\r\n",
        "Content-Type: multipart/alternative; boundary=\"=_b\"\r\n\r\n--=_b\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nH=C3=A4llo =\r\nx\r\n--=_b\r\nContent-Type: text/html; charset=\"windows-1251\"\r\n\r\n<html><style>.h{display:none}</style><p class=h>a</p><blockquote>b&nbsp;&#x1F600;</blockquote><font color=white>c</html>\r\n--=_b--\r\n",
        "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--m\nContent-Type: application/pdf; name*=utf-8''%e2%82%ac.pdf\nContent-Disposition: attachment; filename*0=a; filename*1=b\nContent-Transfer-Encoding: base64\n\nAAECAwQ=\n--m\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n#0V%T\n`\nend\n--m--",
        "From x@y Tue Apr 3\r\nFrom: a\r\nFrom: b@c\r\nContent-Type: text/plain; charset=utf-7\r\nContent-Type: text/html\r\nSubject: =?utf-7?Q?+AOQ-?=\r\n\r\n+AOQ-\r\n-----Original Message-----\r\nFrom: x@y\r\nSent: now\r\nSubject: z\r\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n\r\ntext\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--r\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n--r--\r\n",
        "From: Anna <anna@customer.example>\r\nTo: help@shop.example\r\nReply-To: \"Anna, private\" <private@customer.example>\r\nSubject: Re: Fwd: =?utf-8?B?w5ZmZm51bmdzemVpdGVu?=\r\nMessage-ID: <q1@customer.example>\r\nIn-Reply-To: <p@shop.example>\r\nAuthentication-Results: mx.shop.example; spf=pass; dkim=pass; dmarc=pass\r\n\r\nWhen do you open on Saturday? My order is 4711-22.\r\n",
    }.Select(Encoding.UTF8.GetBytes).Append([]).Append([0xEF, 0xBB, 0xBF, 0xFF, 0x00, 0x0A]);

    /// <summary>The own ones and those that can be read in place.</summary>
    public static IEnumerable<byte[]> All => Own.Concat(SharedData.Find("mime").Concat(SharedData.Find("autoreply"))
        .SelectMany(folder => Directory.GetFiles(folder, "*.eml").Order(StringComparer.Ordinal)).Select(File.ReadAllBytes).Where(mail => mail.Length < 20_000));
}
