using Registry.Storage;
using Registry.Tests.Support;

namespace Registry.Tests.Interleaving;

/// <summary>Lists one row a page: what takes a thousand rows takes two.</summary>
internal sealed class OneRowPages(ITableStore inner) : ShortPages(inner, 1);
