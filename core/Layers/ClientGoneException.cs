namespace Registry.Layers;

/// <summary>The client went away before its body was complete. What it sent is stored and recorded; nobody is left to be told.</summary>
public sealed class ClientGoneException(long offset, Exception cause)
    : Exception($"the client went away; the upload stands at {offset}", cause)
{
    /// <summary>Where the upload can be continued.</summary>
    public long Offset { get; } = offset;
}
