using Registry.Storage.Azure;

namespace Registry.Tests.Storage.Azure;

/// <summary>Connection strings, as the portal, Azurite and Azure's own tools write them.</summary>
public sealed class StorageConnectionTests
{
    [Theory]
    [InlineData(
        "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net",
        "https://acc.blob.core.windows.net/", "https://acc.table.core.windows.net/")]
    [InlineData("AccountName=acc;AccountKey=c2VjcmV0", "https://acc.blob.core.windows.net/", "https://acc.table.core.windows.net/")]
    [InlineData(
        " accountname = acc ; ACCOUNTKEY=c2VjcmV0;; EndpointSuffix=core.chinacloudapi.cn; ",
        "https://acc.blob.core.chinacloudapi.cn/", "https://acc.table.core.chinacloudapi.cn/")]
    [InlineData(
        "AccountName=acc;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:1/acc;TableEndpoint=http://127.0.0.1:2/acc;QueueEndpoint=http://127.0.0.1:3/acc",
        "http://127.0.0.1:1/acc", "http://127.0.0.1:2/acc")]
    [InlineData("AccountName=acc;AccountKey=c2VjcmV0;BlobEndpoint=https://blobs.example", "https://blobs.example/", "https://acc.table.core.windows.net/")]
    public void A_connection_string_names_an_account_its_key_and_its_services(string text, string blobs, string tables)
    {
        var connection = StorageConnection.Parse(text);

        Assert.Equal(("acc", "c2VjcmV0"), (connection.Account, connection.Key));
        Assert.Equal((blobs, tables), (connection.BlobService.AbsoluteUri, connection.TableService.AbsoluteUri));
    }

    [Fact]
    public void Development_storage_is_azurite_on_its_usual_ports()
    {
        var connection = StorageConnection.Parse("UseDevelopmentStorage=true");

        Assert.Equal("devstoreaccount1", connection.Account);
        Assert.Equal("http://127.0.0.1:10000/devstoreaccount1", connection.BlobService.AbsoluteUri);
        Assert.Equal("http://127.0.0.1:10002/devstoreaccount1", connection.TableService.AbsoluteUri);
    }

    [Theory]
    [InlineData("", "AccountName is missing")]
    [InlineData("secret", "a part is not name=value")]
    [InlineData("AccountName=acc", "AccountKey is missing")]
    [InlineData("AccountName=acc;AccountKey=", "AccountKey is missing")]
    [InlineData("AccountName=acc;AccountKey=secret!", "AccountKey is not base64")]
    [InlineData("AccountName=acc;AccountName=acc;AccountKey=c2VjcmV0", "AccountName is there twice")]
    [InlineData("AccountName=acc;SharedAccessSignature=secret", "a SharedAccessSignature is not supported; use an AccountKey, or an identity")]
    [InlineData("AccountName=acc;AccountKey=c2VjcmV0;BlobEndpoint=secret", "BlobEndpoint is no http or https URL")]
    [InlineData("AccountName=acc;AccountKey=c2VjcmV0;TableEndpoint=ftp://secret", "TableEndpoint is no http or https URL")]
    [InlineData("UseDevelopmentStorage=secret", "UseDevelopmentStorage can only be true")]
    public void A_wrong_one_gives_one_line_without_a_value_of_it(string text, string problem)
    {
        var error = Assert.Throws<FormatException>(() => StorageConnection.Parse(text));

        Assert.Equal(problem, error.Message);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }
}
