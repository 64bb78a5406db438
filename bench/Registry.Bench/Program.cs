using Registry.Bench;
using Registry.Bench.Allocation;
using Registry.Bench.Measuring;
using Registry.Bench.Report;
using Registry.Bench.Rows;

if (args is ["allocation", .. var rest])
    return await AllocationCount.Run(rest);

try
{
    var options = BenchOptions.Parse(args);
    (string Name, Func<BenchOptions, Task<List<Row>>> Run)[] groups =
    [
        ("azure", AzureRows.Run),
        ("disk", DiskRows.Run),
        ("memory", MemoryRows.Run),
        ("allocation", AllocationRows.Run),
        ("start", StartRows.Run),
    ];
    var rows = new List<Row>();
    foreach (var (name, run) in groups)
    {
        if (options.Wants(name))
            rows.AddRange(await run(options));
    }

    Console.Error.Write("\r\e[K");
    ResultTable.Print(Console.Out, rows);
    if (options.Results is { } folder)
        Console.WriteLine($"\nkept in {ResultFile.Write(folder, options, rows)}");
    return 0;
}
catch (FormatException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}
