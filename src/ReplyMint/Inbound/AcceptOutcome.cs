namespace ReplyMint.Inbound;

/// <summary>What became of a delivery at the inbox.</summary>
internal enum AcceptOutcome
{
    /// <summary>Durably stored, with its job.</summary>
    Accepted,
    /// <summary>The same mail was stored before; there is nothing left to do.</summary>
    Duplicate,
    /// <summary>No mailbox of the channel's owner has that address.</summary>
    UnknownRecipient,
    /// <summary>Not stored; the sender should come again.</summary>
    TooBusy,
    /// <summary>The channel's one-time token was spent on another mail: somebody replays a signature.</summary>
    Replayed,
}
