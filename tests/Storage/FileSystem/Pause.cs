namespace Registry.Tests.Storage.FileSystem;

/// <summary>Holds a disk at one kind of step until it is released; a test that fails releases it too, by leaving its scope.</summary>
internal sealed class Pause : IDisposable
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new();
    private readonly string operation;

    public Pause(TestDisk disk, string operation)
    {
        this.operation = operation;
        disk.BeforeStep = Step;
    }

    /// <summary>How many of these steps came.</summary>
    public int Steps { get; private set; }

    /// <summary>Done when the first of them came.</summary>
    public Task Reached => reached.Task;

    public void Dispose() => released.TrySetResult();

    private void Step(DiskStep step)
    {
        if (step.Operation != operation)
            return;
        Steps++;
        reached.TrySetResult();
        released.Task.Wait();
    }
}
