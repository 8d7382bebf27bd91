namespace ReplyMint.Security;

/// <param name="Value">Null when there is none that may be used.</param>
/// <param name="Since">When it was set.</param>
/// <param name="Problem">The end of a sentence that says why there is none.</param>
internal readonly record struct ParameterReading(byte[]? Value, DateTimeOffset? Since, string? Problem);

/// <summary>A store of secrets outside of ours, such as SSM Parameter Store; given by the application, which knows which.</summary>
/// <param name="Read">By name. What was read lately is given again; only what nobody asked for before is waited for.</param>
/// <param name="SetAsync">Stores a value under a name, in place of one that is there; what is wrong, or null when it is done.</param>
internal sealed record ParameterDoor(Func<string, ParameterReading> Read, Func<string, string, CancellationToken, Task<string?>> SetAsync);
