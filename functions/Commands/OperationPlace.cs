using Registry.Functions.Commands.Control;
using Registry.Functions.Commands.Operations;
using Registry.Functions.Hosting;

namespace Registry.Functions.Commands;

/// <summary>Where a command's operation is done: in the server that has the data folder open, or here.</summary>
internal sealed class OperationPlace(Settings settings, TimeProvider time, IdSource ids, ILoggerFactory loggers)
{
    /// <summary>A server that starts has the folder before it listens, and another command lets go of it when it is done: so long a command waits for either.</summary>
    public required TimeSpan Patience { get; init; }

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <exception cref="OperationFailedException">There is no place to do it.</exception>
    /// <exception cref="SettingException">The storage cannot be opened.</exception>
    public async Task Run(Operation operation, Func<OperationEvent, ValueTask> receive, CancellationToken cancellation)
    {
        var folder = Path.GetFullPath(settings.Storage.RootDirectory);
        switch (settings.Storage.Driver)
        {
            case StorageKind.Memory:
                throw new OperationFailedException("with Registry:Storage:Driver memory there is nothing to manage: what a server has in memory is its own, and ends with it");
            case StorageKind.FileSystem when !Directory.Exists(folder):
                // Making one would answer for a registry that nobody meant.
                throw new OperationFailedException($"there is no registry in '{folder}': name its folder with --Registry:Storage:RootDirectory, or start one there first");
            case StorageKind.FileSystem:
                await RunOnFolder(folder, operation, receive, cancellation);
                break;
            default:
                await using (var storage = await Open(cancellation))
                    await RunHere(operation, storage, receive, cancellation);
                break;
        }
    }

    private async Task RunOnFolder(string folder, Operation operation, Func<OperationEvent, ValueTask> receive, CancellationToken cancellation)
    {
        for (var began = time.GetTimestamp(); !await ControlClient.TryRun(folder, operation, OperationList.All, receive, cancellation); await Task.Delay(Interval, time, cancellation))
        {
            OpenStorage storage;
            try
            {
                storage = await Open(cancellation);
            }
            catch (SettingException e) when (e.IsBusy && time.GetElapsedTime(began) < Patience)
            {
                continue;
            }

            await using (storage)
                await RunHere(operation, storage, receive, cancellation);
            return;
        }
    }

    private Task<OpenStorage> Open(CancellationToken cancellation) => OpenStorage.Open(settings.Storage, time, ids, cancellation);

    private Task RunHere(Operation operation, OpenStorage storage, Func<OperationEvent, ValueTask> receive, CancellationToken cancellation) =>
        OperationRunner.Run(operation, new OperationContext(settings, storage.Driver, storage.Tables, time, ids, loggers), receive, cancellation);
}
