using Registry.Functions.Hosting;

try
{
    await using var registry = await RegistryApplication.Create(args);
    await registry.Run();
    return 0;
}
catch (SettingException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
