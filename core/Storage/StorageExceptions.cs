namespace Registry.Storage;

/// <summary>Nothing is at the path: no such blob, or a block of the list was never staged. One of the two errors that drivers throw.</summary>
public sealed class StorageNotFoundException(string path, Exception? cause = null)
    : Exception($"nothing is stored at '{path}'", cause)
{
    public string Path { get; } = path;
}

/// <summary>Storage refused, failed or could not be reached, and the driver's own retries are used up. The other error that drivers throw.</summary>
/// <param name="operation">What was asked, such as <c>stage block</c>.</param>
/// <param name="path">The blob's path, or table, partition and row.</param>
/// <param name="status">Storage's HTTP status; 0 when there was no answer, or the storage is local.</param>
/// <param name="code">Storage's own error code, such as <c>ServerBusy</c>, or the local error.</param>
/// <param name="cause">What the client library threw.</param>
/// <param name="attempts">How often it was tried.</param>
public sealed class StorageFailedException(string operation, string path, int status, string code, Exception? cause = null, int attempts = 1)
    : Exception($"storage failed: {operation} '{path}': {status} {code}", cause)
{
    public int Attempts { get; } = attempts;

    public string Operation { get; } = operation;

    public string Path { get; } = path;

    public int Status { get; } = status;

    public string Code { get; } = code;
}
