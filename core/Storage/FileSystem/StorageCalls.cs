namespace Registry.Storage.FileSystem;

/// <summary>What the system reports becomes the one error that drivers throw for it.</summary>
internal static class StorageCalls
{
    public static async Task<T> Run<T>(string operation, string path, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error) when (IsFailure(error))
        {
            throw Failure(operation, path, error);
        }
    }

    public static bool IsFailure(Exception error) => error is IOException or UnauthorizedAccessException;

    public static StorageFailedException Failure(string operation, string path, Exception error) => new(operation, path, 0, error.Message, error);
}
