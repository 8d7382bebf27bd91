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
    /// <summary>Not stored: the disk is nearly full. The sender should come again.</summary>
    NoRoom,
    /// <summary>Not stored: the tenant was sent as much as it may in a day. The sender should come again.</summary>
    TenantFull,
    /// <summary>Not stored: another tenant has proved the mailbox's domain since, and has not claimed the address yet. The sender should come again.</summary>
    DomainLost,
    /// <summary>The channel's one-time token was spent on another mail: somebody replays a signature.</summary>
    Replayed,
}
