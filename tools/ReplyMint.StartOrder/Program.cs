using System.Net.Sockets;
using ReplyMint.StartOrder;

// ReplyMint.StartOrder BINARY ORDER-FILE: which methods run from the start to the first answers, in the order of their first calls.
if (!OperatingSystem.IsLinux() || args is not [var binary, var order])
{
    Console.Error.WriteLine("usage: ReplyMint.StartOrder BINARY ORDER-FILE (Linux on x86-64)");
    return 2;
}

binary = Path.GetFullPath(binary);
var data = Directory.CreateTempSubdirectory("start-order").FullName;
try
{
    using var ends = new CancellationTokenSource(TimeSpan.FromMinutes(2));
    var answered = false;
    var asking = Task.Run(async () =>
    {
        var address = Path.Combine(data, "data", "run", "address");
        using var http = new HttpClient();
        while (!ends.IsCancellationRequested)
            try
            {
                var url = (await File.ReadAllTextAsync(address, ends.Token)).Trim();
                foreach (var path in new[] { "/health", "/ready", "/info" })
                    (await http.GetAsync(new Uri(url + path), ends.Token)).EnsureSuccessStatusCode();
                answered = true;
                await ends.CancelAsync();
            }
            catch (Exception e) when (e is IOException or SocketException or HttpRequestException && !ends.IsCancellationRequested)
            {
                await Task.Delay(100);
            }
    });
    var symbols = Symbols.Read(binary);
    var ran = new Tracer(symbols).Run(binary, ["serve", "--data", Path.Combine(data, "data"), "--config", Path.Combine(data, "config"), "--environment", "development", "--urls", "http://127.0.0.1:0", "--set", "smtp.port=0"], ends.Token);
    ends.Cancel();
    asking.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
    if (!answered)
    {
        Console.Error.WriteLine("the program did not answer; nothing was written");
        return 1;
    }
    File.WriteAllLines(order, ran);
    Console.WriteLine($"{ran.Count:N0} of {symbols.Names.Count:N0} methods ran");
    return 0;
}
finally
{
    Directory.Delete(data, true);
}
