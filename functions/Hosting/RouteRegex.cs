using System.Globalization;
using System.Text.RegularExpressions;

namespace Registry.Functions.Hosting;

/// <summary>The <c>regex</c> constraint of the routes, interpreted. The framework's own compiles each pattern to code, which takes longer than a whole cold start may.</summary>
/// <remarks>It minds case, as the API does and the Functions host's does not: what the host sends to a function by "MANIFESTS" goes to the fallback here.</remarks>
internal sealed class RouteRegex(string pattern) : IRouteConstraint
{
    private readonly Regex regex = new(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value) && regex.IsMatch(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
}
