using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Registry.Functions.Commands.Control;
using Registry.Functions.Commands.Operations;
using Registry.Functions.Hosting;
using Registry.Storage.Memory;
using Registry.Tests.Support;

namespace Registry.Tests.Commands;

/// <summary>Operations that take long: progress on the way, and what ends them. Each is told what to do while it runs.</summary>
public sealed class OperationStreamTests : IAsyncLifetime
{
    private static readonly OperationList operations = new(StreamTestJson.Default.Steered, StreamTestJson.Default.Exploding);

    private readonly TemporaryFolder folder = new();
    private readonly LogList log = new();
    private ControlServer? server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Steered.Steps = Channel.CreateUnbounded<OperationProgress>();
        Steered.Ended = new();
        server = await ControlServer.Start(folder.Path, Context(), operations, Cancellation);
        Assert.NotNull(server);
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        log.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Progress_comes_while_the_operation_runs_and_then_the_result()
    {
        var events = Channel.CreateUnbounded<OperationEvent>();
        var running = ControlClient.TryRun(folder.Path, new Steered(), operations, e => events.Writer.WriteAsync(e, Cancellation), Cancellation);

        // Each is awaited before the operation is told the next: none waits for the end.
        foreach (var step in (OperationProgress[])[new("marking", 1), new("sweeping", 5, 10)])
        {
            Steered.Steps.Writer.TryWrite(step);
            Assert.Equal(step, (await events.Reader.ReadAsync(Cancellation)).Progress);
        }

        Steered.Steps.Writer.Complete();
        var end = await events.Reader.ReadAsync(Cancellation);
        Assert.Equal("""{"seen":2}""", end.Result!.Value.GetRawText());
        Assert.True(await running);
    }

    [Fact]
    public async Task Of_many_steps_of_one_stage_few_are_sent()
    {
        var seen = 0;
        for (var i = 1; i <= 100_000; i++)
            Steered.Steps.Writer.TryWrite(new OperationProgress("marking", i));
        Steered.Steps.Writer.Complete();
        JsonElement? result = null;
        await ControlClient.TryRun(
            folder.Path,
            new Steered(),
            operations,
            e =>
            {
                seen += e.Progress is null ? 0 : 1;
                result = e.Result;
                return ValueTask.CompletedTask;
            },
            Cancellation);
        Assert.Equal(100_000, result!.Value.GetProperty("seen").GetInt32());
        Assert.InRange(seen, 1, 5_000);
    }

    [Fact]
    public async Task A_command_that_goes_away_ends_its_operation()
    {
        using var gone = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var running = ControlClient.TryRun(folder.Path, new Steered(), operations, _ => Begun(begun), gone.Token);
        Steered.Steps.Writer.TryWrite(new OperationProgress("marking", 1));
        await begun.Task.WaitAsync(Cancellation);

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.True(await Steered.Ended.Task.WaitAsync(Cancellation));
    }

    [Fact]
    public async Task A_server_that_stops_ends_operations_and_says_so()
    {
        var begun = new TaskCompletionSource();
        OperationEvent? last = null;
        var running = ControlClient.TryRun(
            folder.Path,
            new Steered(),
            operations,
            e =>
            {
                last = e;
                return Begun(begun);
            },
            Cancellation);
        Steered.Steps.Writer.TryWrite(new OperationProgress("marking", 1));
        await begun.Task.WaitAsync(Cancellation);

        await Stop();
        Assert.True(await running);
        Assert.StartsWith("the server stops", last!.Error!.Message, StringComparison.Ordinal);
        Assert.True(await Steered.Ended.Task.WaitAsync(Cancellation));
        Assert.False(await ControlClient.TryRun(folder.Path, new Steered(), operations, _ => ValueTask.CompletedTask, Cancellation));
    }

    [Fact]
    public async Task What_fails_unexpectedly_is_told_in_one_line_and_logged_in_full()
    {
        var failure = await Failure(new Exploding("two\nlines"));
        Assert.Equal(new OperationFailure(false, "unexpected: InvalidCastException: two lines"), failure);
        Assert.IsType<InvalidCastException>(Assert.Single(log.Exceptions));
    }

    [Fact]
    public async Task A_server_of_another_version_says_that_it_does_not_know_the_command()
    {
        // The same name, and not the same members; and a name that the server has not.
        var otherShape = new OperationList(OtherVersionJson.Default.Exploding);
        var unknown = new OperationList(StreamTestJson.Default.Unknown);
        foreach (var (operation, list) in new (Operation, OperationList)[] { (new OtherVersion.Exploding(1, "how"), otherShape), (new Unknown(), unknown) })
            Assert.Contains("another version", (await Failure(operation, list)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_has_no_end_is_a_failure_and_not_a_success()
    {
        await Stop();
        using var address = new ControlSocket(folder.Path);
        using var listener = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        listener.Bind(address.Address);
        listener.Listen();
        foreach (var answer in (string[])["", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n{\"progress\":{\"stage\":\"marking\",\"done\":1}}\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"res"])
        {
            var running = ControlClient.TryRun(folder.Path, new Steered(), operations, _ => ValueTask.CompletedTask, Cancellation);
            using (var connection = await listener.AcceptAsync(Cancellation))
            {
                await connection.ReceiveAsync(new byte[4096], Cancellation);
                await connection.SendAsync(Encoding.ASCII.GetBytes(answer), Cancellation);
            }

            var failed = await Assert.ThrowsAsync<OperationFailedException>(() => running);
            Assert.Contains("went away", failed.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_operation_of_the_executable_is_in_the_list_and_none_prints_a_secret()
    {
        var all = typeof(Operation).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(Operation)) && !t.IsAbstract).ToList();
        Assert.NotEmpty(all);
        foreach (var type in all)
        {
            Assert.Equal(type, OperationList.All.Find(type.Name)?.Type);
            var arguments = type.GetConstructors().Single().GetParameters().Select(p => p.ParameterType == typeof(string) ? p.Name is "Password" or "Secret" ? (object)"hidden" : "shown" : null).ToArray();
            Assert.DoesNotContain("hidden", Activator.CreateInstance(type, arguments)!.ToString(), StringComparison.Ordinal);
        }
    }

    private async Task Stop()
    {
        if (server is not null)
            await server.DisposeAsync();
        server = null;
    }

    private static ValueTask Begun(TaskCompletionSource begun)
    {
        begun.TrySetResult();
        return ValueTask.CompletedTask;
    }

    private async Task<OperationFailure> Failure(Operation operation, OperationList? list = null)
    {
        OperationEvent? end = null;
        Assert.True(await ControlClient.TryRun(
            folder.Path,
            operation,
            list ?? operations,
            e =>
            {
                end = e;
                return ValueTask.CompletedTask;
            },
            Cancellation));
        return end!.Error!;
    }

    private OperationContext Context()
    {
        var settings = Settings.Read(new ConfigurationBuilder().Build());
        return new OperationContext(settings, new MemoryStorageDriver(TimeProvider.System), new MemoryTableStore(TimeProvider.System), TimeProvider.System, IdSource.Random, log);
    }

    /// <summary>Logs nowhere, and keeps what was thrown.</summary>
    private sealed class LogList : ILoggerFactory, ILogger
    {
        public List<Exception> Exceptions { get; } = [];

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (exception is not null && logLevel >= LogLevel.Error)
                Exceptions.Add(exception);
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>Does what it is told while it runs. (What steers it is static: the tests of a class run one after another.)</summary>
internal sealed record Steered : Operation<StepsSeen>
{
    public static Channel<OperationProgress> Steps { get; set; } = null!;

    /// <summary>Whether it ended because it was cancelled.</summary>
    public static TaskCompletionSource<bool> Ended { get; set; } = null!;

    protected override JsonTypeInfo<StepsSeen> ResultType => StreamTestJson.Default.StepsSeen;

    protected override async Task<StepsSeen> Run(OperationContext context, CancellationToken cancellation)
    {
        var seen = 0;
        try
        {
            await foreach (var step in Steps.Reader.ReadAllAsync(cancellation))
            {
                seen++;
                await context.Report(step);
            }
        }
        finally
        {
            Ended.TrySetResult(cancellation.IsCancellationRequested);
        }

        return new StepsSeen(seen);
    }
}

internal sealed record StepsSeen(int Seen);

internal sealed record Exploding(string How) : Operation<StepsSeen>
{
    protected override JsonTypeInfo<StepsSeen> ResultType => StreamTestJson.Default.StepsSeen;

    protected override Task<StepsSeen> Run(OperationContext context, CancellationToken cancellation) => throw new InvalidCastException(How);
}

internal sealed record Unknown : Operation<StepsSeen>
{
    protected override JsonTypeInfo<StepsSeen> ResultType => StreamTestJson.Default.StepsSeen;

    protected override Task<StepsSeen> Run(OperationContext context, CancellationToken cancellation) => throw new NotSupportedException();
}

internal static class OtherVersion
{
    internal sealed record Exploding(int More, string How) : Operation<StepsSeen>
    {
        protected override JsonTypeInfo<StepsSeen> ResultType => StreamTestJson.Default.StepsSeen;

        protected override Task<StepsSeen> Run(OperationContext context, CancellationToken cancellation) => throw new NotSupportedException();
    }
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Steered))]
[JsonSerializable(typeof(Exploding))]
[JsonSerializable(typeof(Unknown))]
[JsonSerializable(typeof(StepsSeen))]
internal sealed partial class StreamTestJson : JsonSerializerContext;

[JsonSerializable(typeof(OtherVersion.Exploding))]
internal sealed partial class OtherVersionJson : JsonSerializerContext;
