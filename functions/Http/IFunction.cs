namespace Registry.Functions.Http;

/// <summary>One HTTP-triggered function: a folder with its function.json, which holds its route, and this.</summary>
public interface IFunction
{
    /// <summary>Answers one request. A <see cref="Errors.RegistryException"/> becomes the error envelope.</summary>
    Task Run(HttpContext context);
}
