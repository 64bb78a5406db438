using System.Threading.Channels;
using Registry.Functions.Commands.Operations;
using Spectre.Console;

namespace Registry.Functions.Commands;

/// <summary>Draws how far an operation is, on stderr, if that is a terminal; it is gone when the operation is done.</summary>
internal sealed class ProgressView(Terminal terminal, bool isWanted) : IAsyncDisposable
{
    private readonly Channel<OperationProgress> steps =
        Channel.CreateBounded<OperationProgress>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private Task? drawing;

    public ValueTask Show(OperationProgress step)
    {
        steps.Writer.TryWrite(step);
        if (isWanted && drawing is null)
            drawing = terminal.Progress() is { } console ? Draw(console) : Task.CompletedTask;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        steps.Writer.Complete();
        if (drawing is not null)
            await drawing;
    }

    private Task Draw(IAnsiConsole console) => console.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
        .StartAsync(async bars =>
        {
            (string Stage, ProgressTask Bar)? current = null;
            await foreach (var step in steps.Reader.ReadAllAsync())
            {
                if (current?.Stage != step.Stage)
                {
                    current?.Bar.StopTask();
                    current = (step.Stage, bars.AddTask(Markup.Escape(step.Stage)));
                }

                var bar = current.Value.Bar;
                bar.IsIndeterminate = step.Total is null;
                bar.MaxValue = Math.Max(1, step.Total ?? step.Done);
                bar.Value = step.Done;
            }
        });
}
