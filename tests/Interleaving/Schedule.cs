using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Registry.Tests.Support;

namespace Registry.Tests.Interleaving;

/// <summary>One run of a few actors, in which every storage call waits until this schedule lets it go on.</summary>
/// <remarks>
/// Everything runs on the caller's thread: the schedule is the synchronization context of the actors. It lets one call go, runs until nobody
/// can run any further, and looks which calls wait now. So a run is a list of choices, and the same choices give the same run.
/// </remarks>
internal sealed class Schedule : SynchronizationContext
{
    private static readonly AsyncLocal<Actor?> current = new();

    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> ready = [];
    private readonly List<Actor> actors = [];
    private readonly List<Call> waiting = [];
    private readonly List<Step> steps = [];

    // Calls that need not come next: a run in which they do was made already, or is the same but for the order of calls that do not meet. Null where that is not asked.
    private HashSet<Choice>? asleep;

    /// <summary>What happened, choice by choice.</summary>
    public IReadOnlyList<Step> Steps => steps;

    /// <summary>Whether the run was given up: each way to go on is another run's.</summary>
    public bool IsRedundant { get; private set; }

    public override void Post(SendOrPostCallback d, object? state) => ready.Add((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("an actor never blocks");

    public override SynchronizationContext CreateCopy() => this;

    public void Add(string name, Func<Task> work, Fault? fault = null) => actors.Add(new Actor(this, actors.Count, name, work, fault));

    /// <summary>Runs the actors to their ends. Choices beyond the given ones are made by the default: stay with the actor that ran last.</summary>
    /// <param name="choices">What goes first.</param>
    /// <param name="sleep">Where to begin to leave out orders that differ only in calls that do not meet; null to leave out none.</param>
    public void Run(IReadOnlyList<Choice> choices, Sleep? sleep = null)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            foreach (var actor in actors)
                actor.Start();
            Settle();
            while (waiting.Count > 0 && !IsRedundant)
                TakeStep(choices, sleep);
            if (IsRedundant)
                return;
            foreach (var actor in actors)
                actor.ThrowIfFailed();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Holds a storage call until the schedule picks it. Outside of an actor there is nothing to wait for.</summary>
    public static async Task<T> Point<T>(string what, Touch touch, Func<Task<T>> perform)
    {
        if (current.Value is not { } actor)
            return await perform();

        // A parallel loop runs elsewhere.
        if (Current != actor.Schedule)
            await new Entrance(actor.Schedule);
        var call = actor.NewCall(what, touch);
        await call.Go.Task;
        return await actor.Perform(call, perform);
    }

    private void TakeStep(IReadOnlyList<Choice> choices, Sleep? sleep)
    {
        if (sleep is not null && steps.Count == sleep.From)
            asleep = [.. sleep.Asleep];
        waiting.Sort(static (a, b) => (a.Actor.Index, a.Number).CompareTo((b.Actor.Index, b.Number)));
        var last = steps.Count == 0 ? null : steps[^1];
        var enabled = waiting.Select(c => new Choice(c.Actor.Index, c.Number)).ToArray();
        var awake = asleep is null ? enabled : [.. enabled.Where(c => !asleep.Contains(c))];
        if (steps.Count >= choices.Count && awake.Length == 0)
        {
            IsRedundant = true;
            return;
        }

        var chosen = steps.Count < choices.Count ? choices[steps.Count] : Default(awake, last);
        var call = Waiting(chosen) ?? throw new InvalidOperationException($"the run does not repeat: {chosen} is not enabled after\n{this}");
        steps.Add(new Step(chosen, enabled, Preemptions(enabled, last, chosen), $"{call.Actor.Name}: {call.What}") { Asleep = asleep is null ? [] : [.. asleep] });
        asleep?.RemoveWhere(c => c.Actor == chosen.Actor || Waiting(c) is not { } sleeper || sleeper.Touch.Meets(call.Touch));
        waiting.Remove(call);
        call.Go.SetResult();
        Settle();
    }

    private Call? Waiting(Choice choice) => waiting.Find(c => c.Actor.Index == choice.Actor && c.Number == choice.Call);

    private static Choice Default(Choice[] enabled, Step? last) =>
        last is not null && Array.Exists(enabled, c => c.Actor == last.Chosen.Actor) ? Array.Find(enabled, c => c.Actor == last.Chosen.Actor) : enabled[0];

    /// <summary>Preemptions of a run that goes on with this choice: an actor that could go on and is left for another.</summary>
    public static int Preemptions(IReadOnlyList<Choice> enabled, Step? last, Choice next) =>
        last is null ? 0 : last.Preemptions + (next.Actor != last.Chosen.Actor && enabled.Any(c => c.Actor == last.Chosen.Actor) ? 1 : 0);

    // An actor that neither waits at a call nor has ended is running, here or (a timer, a parallel loop) on its way back to here.
    private void Settle()
    {
        while (true)
        {
            while (ready.TryTake(out var next))
                next.Callback(next.State);
            if (actors.TrueForAll(a => a.HasEnded || waiting.Exists(c => c.Actor == a)))
                return;
            if (!ready.TryTake(out var late, Patience.Limit))
                throw new InvalidOperationException($"an actor is stuck after\n{this}");
            late.Callback(late.State);
        }
    }

    public override string ToString() => string.Join('\n', steps.Select(s => s.What));

    private sealed class Actor(Schedule schedule, int index, string name, Func<Task> work, Fault? fault)
    {
        private Task? task;
        private int calls;
        private bool stopped;

        public Schedule Schedule => schedule;

        public int Index => index;

        public string Name => name;

        public bool HasEnded => stopped || task is { IsCompleted: true };

        public void Start()
        {
            current.Value = this;
            task = work();
            current.Value = null;
        }

        public void ThrowIfFailed()
        {
            if (task is { IsFaulted: true })
                throw new InvalidOperationException($"{name} failed in\n{schedule}", task.Exception!.InnerException);
        }

        public Call NewCall(string what, Touch touch)
        {
            var call = new Call(this, calls++, what, touch);
            if (!stopped)
                schedule.waiting.Add(call);
            return call;
        }

        public async Task<T> Perform<T>(Call call, Func<Task<T>> perform)
        {
            if (fault is null || fault.Call != call.Number)
                return await perform();
            fault.Strike();
            switch (fault.Kind)
            {
                case FaultKind.StopBefore:
                    return await Stop<T>();
                case FaultKind.StopAfter:
                    await perform();
                    return await Stop<T>();
                case FaultKind.FailBefore:
                    throw Failed(call);
                case FaultKind.FailAfter:
                    await perform();
                    throw Failed(call);
                default:
                    await perform();
                    return await perform();
            }
        }

        // The process is gone: this call never returns, and what else it had under way is never sent.
        private Task<T> Stop<T>()
        {
            stopped = true;
            schedule.waiting.RemoveAll(c => c.Actor == this);
            return new TaskCompletionSource<T>().Task;
        }

        private static Registry.Storage.StorageFailedException Failed(Call call) => new(call.What, "", 503, "Fault");
    }

    private sealed record Call(Actor Actor, int Number, string What, Touch Touch)
    {
        public TaskCompletionSource Go { get; } = new();
    }

    /// <summary>Awaited, goes on in the schedule's thread.</summary>
    private readonly struct Entrance(Schedule schedule) : INotifyCompletion
    {
        public bool IsCompleted => false;

        public Entrance GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => schedule.Post(static go => ((Action)go!)(), continuation);
    }
}

/// <summary>Which calls need not come at a step: see <see cref="Explorer.ExploreOrders"/>.</summary>
internal sealed record Sleep(int From, IReadOnlyCollection<Choice> Asleep)
{
    /// <summary>From the first step on, where nothing was explored yet.</summary>
    public static readonly Sleep None = new(0, []);
}

/// <summary>Which waiting call goes on: an actor's, by its number.</summary>
internal readonly record struct Choice(int Actor, int Call);

/// <param name="Chosen">The call that went on.</param>
/// <param name="Enabled">All that could have.</param>
/// <param name="Preemptions">How often, up to here, an actor was left that could have gone on.</param>
/// <param name="What">The call, for a reader.</param>
internal sealed record Step(Choice Chosen, IReadOnlyList<Choice> Enabled, int Preemptions, string What)
{
    /// <summary>Those of the enabled that were left out.</summary>
    public IReadOnlyCollection<Choice> Asleep { get; init; } = [];
}

/// <summary>What happens to an actor's storage call of this number, counted from 0.</summary>
internal sealed class Fault(FaultKind kind, int call)
{
    public FaultKind Kind => kind;

    public int Call => call;

    /// <summary>Whether the run came so far.</summary>
    public bool Struck { get; private set; }

    public void Strike() => Struck = true;

    public override string ToString() => $"{kind} at call {call}";
}

public enum FaultKind
{
    /// <summary>The process dies before the request reaches storage.</summary>
    StopBefore,

    /// <summary>The process dies when the request has taken effect.</summary>
    StopAfter,

    /// <summary>Storage fails without effect.</summary>
    FailBefore,

    /// <summary>Storage fails, and the request has taken effect.</summary>
    FailAfter,

    /// <summary>The answer is lost, and the driver sends the request again: it takes effect, and its second answer is what is seen.</summary>
    Repeat,
}
