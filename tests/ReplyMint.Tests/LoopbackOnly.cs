using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Net;
using ReplyMint.Tests;
using Xunit;

[assembly: AssemblyFixture(typeof(LoopbackOnly))]

namespace ReplyMint.Tests;

/// <summary>No test talks to the world: a connection that leaves this machine fails the run, and names where it went.</summary>
public sealed class LoopbackOnly : IDisposable
{
    private readonly Listener _listener = new();

    public void Dispose()
    {
        _listener.Dispose();
        Assert.Empty(_listener.Elsewhere);
    }

    private sealed class Listener : EventListener
    {
        public ConcurrentBag<string> Elsewhere { get; } = [];

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Net.Sockets")
                EnableEvents(eventSource, EventLevel.Informational);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData is { EventName: "ConnectStart", Payload: [string address, ..] } && !IsHere(address))
                Elsewhere.Add(address);
        }

        /// <summary>The runtime writes the socket address's family, length and bytes: "InterNetwork:16:{31,144,127,0,0,1,...}".</summary>
        private static bool IsHere(string address)
        {
            if (address.StartsWith("Unix", StringComparison.Ordinal))
                return true;
            var bytes = address[(address.IndexOf('{', StringComparison.Ordinal) + 1)..].TrimEnd('}').Split(',').Select(text => byte.TryParse(text, out var value) ? value : (byte)0).ToArray();
            return address.StartsWith("InterNetworkV6", StringComparison.Ordinal)
                ? bytes.Length >= 22 && new IPAddress(bytes[6..22]) is var v6 && (IPAddress.IsLoopback(v6) || (v6.IsIPv4MappedToIPv6 && IPAddress.IsLoopback(v6.MapToIPv4())))
                : bytes.Length >= 6 && bytes[2] == 127;
        }
    }
}
