using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.Azure.WebJobs.Extensions.Http;

namespace Registry.Tests.HostEmulation;

/// <summary>What a request passes in the host on its way to a function, in the host's order.</summary>
internal static class HostPipeline
{
    private const string HomePage = "<!DOCTYPE html><title>Your Functions app is up and running</title>";

    /// <summary>On Linux the host takes the scheme that the platform's front saw, and the name it hid.</summary>
    public static Task FixUpFrontHeaders(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Headers.TryGetValue("DISGUISED-HOST", out var host))
            context.Request.Headers.Host = host;
        if (context.Request.Headers.TryGetValue("X-Forwarded-Proto", out var scheme) && scheme is [{ Length: > 0 } first, ..])
            context.Request.Scheme = first;

        return next(context);
    }

    /// <summary>Whatever fails is a 500 without a body; where an answer has begun it can only be cut off.</summary>
    public static async Task AnswerFailures(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (HostStoppedException) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync("Function host is not running.", context.RequestAborted);
        }
        catch (Exception) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    /// <summary>What no function has claimed: the host's own page at the root, and a 404 without a body elsewhere.</summary>
    public static Task AnswerUnrouted(HttpContext context)
    {
        if (context.Request.Path.Value == "/")
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync(HomePage, context.RequestAborted);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>Maps the functions on the host's real router.</summary>
    public static void MapFunctions(IWebJobsRouter router, HandlerPackage package, IWebJobsRouteHandler invoker)
    {
        var routes = router.CreateBuilder(invoker, package.RoutePrefix);
        foreach (var function in package.Functions)
        {
            if (function.Http is not { } http)
                continue;

            var constraints = new RouteValueDictionary();
            if (http.Methods is { } methods)
                constraints.Add("httpMethod", new HttpMethodRouteConstraint(methods));

            routes.MapFunctionRoute(function.Name, http.Route, constraints, function.Name);
        }

        router.AddFunctionRoutes(routes.Build(), proxyRoutes: null);
    }
}
