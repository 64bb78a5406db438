using System.Globalization;
using Registry.Errors;
using Registry.Manifests;

namespace Registry.Functions.Http;

/// <summary>Pages of names: <c>n</c>, <c>last</c> and the Link header (distribution-spec, "Listing Tags").</summary>
internal static class Paging
{
    /// <summary>What one storage transaction gives. A client that asks for no number gets as many, and a Link when there are more.</summary>
    private const int MaxPage = 1000;

    /// <exception cref="RegistryException"><c>PAGINATION_NUMBER_INVALID</c></exception>
    public static int Limit(HttpContext context)
    {
        if (context.Query("n") is not { } text)
            return MaxPage;

        // More digits than a number takes are a number all the same: one beyond every page.
        return text.Length > 0 && text.All(char.IsAsciiDigit)
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? Math.Min(limit, MaxPage) : MaxPage
            : throw new RegistryException(RegistryError.PaginationInvalid, "n is not a number from 0 on");
    }

    public static void Link(HttpContext context, PublicUrls urls, NamePage page, int limit)
    {
        if (!page.More || page.Names.Count == 0)
            return;
        var next = urls.Of($"{context.Request.Path}?n={limit}&last={Uri.EscapeDataString(page.Names[^1])}");
        context.Response.Headers.Link = $"<{next}>; rel=\"next\"";
    }
}
