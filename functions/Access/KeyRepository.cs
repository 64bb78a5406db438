using System.Buffers;
using System.Collections.ObjectModel;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Registry.Storage;

namespace Registry.Functions.Access;

/// <summary>Keeps Data Protection's keys in the registry's own storage, so that all instances have the same and a restart keeps them.</summary>
/// <remarks>
/// Data Protection's interface is synchronous, so these two wait for storage: once when the first token is needed, and then about once a day.
/// There is no synchronisation context here that could lock up.
/// </remarks>
internal sealed class KeyRepository(IStorageDriver driver, IdSource ids) : IXmlRepository
{
    private const int MaxKeyBytes = 64 * 1024;

    public IReadOnlyCollection<XElement> GetAllElements() => ReadAll().GetAwaiter().GetResult();

    public void StoreElement(XElement element, string friendlyName)
    {
        ArgumentNullException.ThrowIfNull(element);
        ArgumentNullException.ThrowIfNull(friendlyName);

        // A name of its own: nothing is ever written over another's key.
        var name = string.Concat(friendlyName.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-').Take(60)) + "-" + ids.NewHex(4);
        var content = Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting));
        driver.Put(PathMapper.Key(name), new ReadOnlySequence<byte>(content), BlobMetadata.None, CancellationToken.None).GetAwaiter().GetResult();
    }

    private async Task<ReadOnlyCollection<XElement>> ReadAll()
    {
        var elements = new List<XElement>();
        await foreach (var listing in driver.List(PathMapper.KeysPrefix, CancellationToken.None))
        {
            await using var content = await driver.Open(listing.Path, 0, MaxKeyBytes, CancellationToken.None);
            elements.Add(await XElement.LoadAsync(content, LoadOptions.None, CancellationToken.None));
        }

        return elements.AsReadOnly();
    }
}
