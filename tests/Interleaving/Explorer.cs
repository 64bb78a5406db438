namespace Registry.Tests.Interleaving;

/// <summary>Runs a scenario in every order that its storage calls can have: depth first, each run from the beginning with fresh stores.</summary>
internal static class Explorer
{
    /// <summary>Set to any value, each bound is raised by <see cref="DeepPreemptions"/>: <c>REGISTRY_EXPLORE_DEEP=1 dotnet test --filter …Interleaving</c>.</summary>
    public const string DeepVariable = "REGISTRY_EXPLORE_DEEP";

    private const int DeepPreemptions = 2;

    /// <summary>No bound: every interleaving.</summary>
    public const int Unbounded = int.MaxValue - DeepPreemptions;

    public static bool IsDeep => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(DeepVariable));

    /// <summary>Explores, and returns how many interleavings there were.</summary>
    /// <param name="preemptions">How often at most an actor that could go on is left for another.</param>
    /// <param name="scenario">Makes the stores and adds the actors; what it returns is called after the run, and asserts.</param>
    public static int Explore(int preemptions, Func<Schedule, Action> scenario)
    {
        var bound = IsDeep ? preemptions + DeepPreemptions : preemptions;
        var open = new Stack<Branch>();
        open.Push(new Branch([], []));
        var runs = 0;
        while (open.TryPop(out var branch))
        {
            var schedule = new Schedule();
            var check = scenario(schedule);
            try
            {
                schedule.Run(branch.Choices);
                check();
            }
            catch (Exception e)
            {
                throw new InterleavingException(schedule, runs, e);
            }

            runs++;
            branch.RequireSame(schedule.Steps);
            PushAlternatives(open, branch.Choices.Count, schedule.Steps, bound);
        }

        return runs;
    }

    /// <summary>Explores a race, and asserts after each run that what clients were told is true.</summary>
    public static int ExploreRace(int preemptions, Func<Schedule, World, Action> scenario, Func<World>? newWorld = null)
    {
        var runs = Explore(preemptions, schedule =>
        {
            var world = newWorld?.Invoke() ?? new World();
            var check = scenario(schedule, world);
            return () =>
            {
                check();
                world.Check();
                world.CheckManifests();
                world.CheckNeeds();
            };
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} interleavings");
        Assert.True(runs > 1, "nothing raced");
        return runs;
    }

    /// <summary>Explores every interleaving, but only one of those that differ in nothing but the order of calls that do not meet.</summary>
    /// <remarks>
    /// These are sleep sets (Godefroid): of two calls that can be exchanged, the run in which the second goes first is left out once the
    /// other was made. All that can come to be is still reached; <c>ExplorerTests</c> compares. A run of the collector makes a dozen calls, most of which meet nobody's.
    /// </remarks>
    public static int ExploreOrders(Func<Schedule, World, Action> scenario, Func<World>? newWorld = null)
    {
        var open = new Stack<(Branch Branch, Sleep Sleep)>();
        open.Push((new Branch([], []), Sleep.None));
        var runs = 0;
        while (open.TryPop(out var next))
        {
            var schedule = new Schedule();
            try
            {
                var world = newWorld?.Invoke() ?? new World();
                var check = scenario(schedule, world);
                schedule.Run(next.Branch.Choices, next.Sleep);
                if (!schedule.IsRedundant)
                {
                    check();
                    world.Check();
                    world.CheckManifests();
                    world.CheckNeeds();
                }
            }
            catch (Exception e)
            {
                throw new InterleavingException(schedule, runs, e);
            }

            runs += schedule.IsRedundant ? 0 : 1;
            next.Branch.RequireSame(schedule.Steps);
            PushOrders(open, next.Branch.Choices.Count, schedule.Steps);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} interleavings");
        Assert.True(runs > 1, "nothing raced");
        return runs;
    }

    private static void PushOrders(Stack<(Branch Branch, Sleep Sleep)> open, int from, IReadOnlyList<Step> steps)
    {
        for (var i = from; i < steps.Count; i++)
        {
            List<Choice> explored = [.. steps[i].Asleep, steps[i].Chosen];
            foreach (var other in steps[i].Enabled.Except(explored).ToList())
            {
                open.Push((new Branch([.. steps.Take(i).Select(s => s.Chosen), other], [.. steps.Take(i + 1)]), new Sleep(i, [.. explored])));
                explored.Add(other);
            }
        }
    }

    private static void PushAlternatives(Stack<Branch> open, int from, IReadOnlyList<Step> steps, int bound)
    {
        for (var i = from; i < steps.Count; i++)
        {
            var last = i == 0 ? null : steps[i - 1];
            foreach (var other in steps[i].Enabled)
            {
                if (other != steps[i].Chosen && Schedule.Preemptions(steps[i].Enabled, last, other) <= bound)
                    open.Push(new Branch([.. steps.Take(i).Select(s => s.Chosen), other], [.. steps.Take(i + 1)]));
            }
        }
    }

    /// <summary>Choices to follow, and the steps that an earlier run made of them.</summary>
    private sealed record Branch(IReadOnlyList<Choice> Choices, IReadOnlyList<Step> Seen)
    {
        /// <summary>The same choices must find the same calls waiting; else something other than the schedule decides, and the exploration proves nothing.</summary>
        public void RequireSame(IReadOnlyList<Step> steps)
        {
            for (var i = 0; i < Seen.Count; i++)
            {
                if (!Seen[i].Enabled.SequenceEqual(steps[i].Enabled))
                    throw new InvalidOperationException($"the run does not repeat at step {i}: {string.Join(' ', Seen[i].Enabled)} and then {string.Join(' ', steps[i].Enabled)}");
            }
        }
    }
}

/// <summary>An interleaving in which something does not hold: its message is the interleaving.</summary>
internal sealed class InterleavingException(Schedule schedule, int runs, Exception cause)
    : Exception($"after {runs} good interleavings: {cause.Message}\nin\n{schedule}", cause);
