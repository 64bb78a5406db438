using System.Globalization;
using System.Text.RegularExpressions;

namespace Registry.Functions.Hosting;

/// <summary>The <c>regex</c> constraint of the routes, interpreted. The framework's own compiles each pattern to code, which takes longer than a whole cold start may.</summary>
internal sealed class RouteRegex(string pattern) : IRouteConstraint
{
    private readonly Regex regex = new(pattern, RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1));

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value) && regex.IsMatch(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
}
