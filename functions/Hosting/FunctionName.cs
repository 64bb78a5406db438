namespace Registry.Functions.Hosting;

/// <summary>Which function a route leads to.</summary>
internal sealed record FunctionName(string Name);
