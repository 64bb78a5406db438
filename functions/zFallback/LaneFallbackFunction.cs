using Registry.Errors;
using Registry.Functions.Http;

namespace Registry.Functions.Fallback;

/// <summary>What the upload lane answers to everything but uploads: that it is not here.</summary>
public sealed class LaneFallbackFunction : IFunction
{
    public Task Run(HttpContext context) => throw new RegistryException(RegistryError.NotFound, "only uploads go on here; everything else is at the registry's own address");
}
