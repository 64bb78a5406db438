using Registry.Functions.Commands;
using Registry.Functions.Hosting;

if (CommandArguments.AreCommand(args))
    return await CommandLine.Run(args);

try
{
    await using var registry = await RegistryApplication.Create(CommandArguments.OfServer(args));
    await registry.Run();
    return 0;
}
catch (SettingException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
