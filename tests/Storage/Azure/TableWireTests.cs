using System.Buffers;
using System.Text;
using System.Text.Json;
using Registry.Storage;
using Registry.Storage.Azure;

namespace Registry.Tests.Storage.Azure;

/// <summary>The table service's protocol, held against its documentation rather than against an emulator.</summary>
public sealed class TableWireTests
{
    private static readonly TableAddress address = new(new Uri("https://account.table.core.windows.net"), "pre");
    private static readonly DateTimeOffset readAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>
    /// Made with: <c>printf 'Sat, 21 Nov 2026 03:00:00 GMT\n/account/$batch' | openssl dgst -sha256 -mac HMAC -macopt key:'a key of the account' -binary | base64</c>,
    /// and so with the other paths.
    /// </summary>
    [Theory]
    [InlineData("https://account.table.core.windows.net/$batch", "bgQrionWzISnjA0T4EY1bxJfK6ithpQZq5lNn9c0ycE=")]
    [InlineData("https://account.table.core.windows.net/rows(PartitionKey='sha256%3Aabc',RowKey='%21content')", "BXr+m+/Woqymet5HGmbhfYKizVj3VCKLFsc7bruZsa4=")]
    [InlineData("http://127.0.0.1:10002/account/Tables", "CN8hZqm32dsnJU1XDKub6yNdi8dRtrx2+Ejvq6EMdGM=")]
    [InlineData("http://127.0.0.1:10002/account/Tables?$top=7", "CN8hZqm32dsnJU1XDKub6yNdi8dRtrx2+Ejvq6EMdGM=")]
    public void A_request_is_signed_over_its_date_and_its_path_as_sent(string url, string signature)
    {
        var policy = new TableSharedKeyPolicy("account", Convert.ToBase64String("a key of the account"u8));

        Assert.Equal(signature, policy.Sign("Sat, 21 Nov 2026 03:00:00 GMT", new Uri(url)));
    }

    [Theory]
    [InlineData("sha256:abc", "!content", "(PartitionKey='sha256%3Aabc',RowKey='%21content')")]
    [InlineData("it's", "''", "(PartitionKey='it%27%27s',RowKey='%27%27%27%27')")]
    [InlineData("100%", "%41", "(PartitionKey='100%25',RowKey='%2541')")]
    [InlineData("a+b c", "a&b=c", "(PartitionKey='a%2Bb%20c',RowKey='a%26b%3Dc')")]
    [InlineData("..", "~-_.", "(PartitionKey='..',RowKey='~-_.')")]
    public void A_row_is_addressed_by_its_keys_quoted_and_encoded(string partition, string row, string expected)
    {
        string url = "https://account.table.core.windows.net/prerows" + expected;

        Assert.Equal(url, address.Row("rows", partition, row));
        Assert.Equal(url, new Uri(url).AbsoluteUri);
    }

    [Fact]
    public void A_query_is_a_filter_a_limit_and_where_the_page_before_ended()
    {
        var query = new TableQuery { Partition = "it's", FromRow = "a", BeforeRow = "b", Where = ("kind", "x&y"), Take = 7, Continue = new("1!4!YQ--", "1!8!Yg--") };

        Assert.Equal(
            "https://account.table.core.windows.net/prerows()?$top=7"
            + "&$filter=PartitionKey%20eq%20%27it%27%27s%27%20and%20RowKey%20ge%20%27a%27%20and%20RowKey%20lt%20%27b%27%20and%20kind%20eq%20%27x%26y%27"
            + "&NextPartitionKey=1%214%21YQ--&NextRowKey=1%218%21Yg--",
            address.Query("rows", query).AbsoluteUri);
        Assert.Equal(
            "https://account.table.core.windows.net/prerows()?$top=1000&NextPartitionKey=p",
            address.Query("rows", new TableQuery { Continue = new("p", "") }).AbsoluteUri);
    }

    [Fact]
    public void A_row_is_written_with_the_types_that_json_lacks()
    {
        TableEntity entity = new TableEntity("p", "r")
            .Set("text", "ä\"<+").Set("number", 12345678901).Set("flag", true).Set("bytes", (byte[])[0xfb, 0xff])
            .Set("time", new DateTimeOffset(2026, 1, 2, 4, 4, 5, TimeSpan.FromHours(1)).AddTicks(1234567));
        var output = new ArrayBufferWriter<byte>();

        EntityWriter.Write(output, entity);

        Assert.Equal(
            """{"PartitionKey":"p","RowKey":"r","text":"\u00E4\u0022\u003C\u002B","number@odata.type":"Edm.Int64","number":"12345678901","flag":true"""
            + ""","bytes@odata.type":"Edm.Binary","bytes":"+/8=","time@odata.type":"Edm.DateTime","time":"2026-01-02T03:04:05.1234567Z"}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void A_row_is_never_longer_on_the_wire_than_its_limit_counts()
    {
        TableEntity entity = new TableEntity("p'\"<", "r").Set(new string('n', 255), long.MinValue)
            .Set("text", "\u0000\"\\<>&'+`/\u007fä\u20ac🐳").Set("bytes", new byte[64]).Set("flag", false).Set("time", DateTimeOffset.MaxValue);
        var output = new ArrayBufferWriter<byte>();

        EntityWriter.Write(output, entity);

        // The limit counts an envelope for each row, which is not there in a request of its own.
        Assert.InRange(output.WrittenCount, 1, TableLimits.RequestSize(entity) - 1024);
    }

    [Fact]
    public void A_page_as_the_service_writes_it_is_read()
    {
        List<TableEntity> rows = new EntityReader(readAt).ReadPage("""
            {"odata.metadata":"https://account.table.core.windows.net/$metadata#rows","odata.nextLink":{"a":[1]},"value":[
            {"odata.etag":"W/\"datetime'2026-01-02T03%3A04%3A00.1Z'\"","PartitionKey":"p","RowKey":"r","Timestamp":"2026-01-02T03:04:00.1234567Z",
             "text":"t","small":7,"flag":false,"number@odata.type":"Edm.Int64","number":"-9","bytes@odata.type":"Edm.Binary","bytes":"+/8=",
             "time@odata.type":"Edm.DateTime","time":"2026-01-02T03:04:05.1234567Z"},
            {"last":"l","RowKey":"s","PartitionKey":"p","Timestamp":"2026-01-02T03:04:04Z","odata.etag":"e"}]}
            """u8);

        Assert.Equal(["r", "s"], rows.Select(r => r.Row));
        TableEntity row = rows[0];
        Assert.Equal(("p", "W/\"datetime'2026-01-02T03%3A04%3A00.1Z'\"", readAt), (row.Partition, row.ETag, row.ReadAt));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 0, TimeSpan.Zero).AddTicks(1234567), row.Timestamp);
        Assert.Equal(("t", 7L, (bool?)false, -9L), (row.GetString("text"), row.GetInt64("small"), row.FindBoolean("flag"), row.GetInt64("number")));
        Assert.Equal([0xfb, 0xff], row.GetBinary("bytes"));
        Assert.Equal(readAt.AddTicks(1234567), row.GetTime("time"));
        Assert.Equal(("l", TimeSpan.FromSeconds(1)), (rows[1].GetString("last"), rows[1].Age));
    }

    [Theory]
    [InlineData("""{"a":1.5}""")]
    [InlineData("""{"a@odata.type":"Edm.Double","a":1.5}""")]
    [InlineData("""{"a@odata.type":"Edm.Guid","a":"5f8d6b3a-0000-0000-0000-000000000000"}""")]
    [InlineData("""{"a":"7","a@odata.type":"Edm.Int64"}""")]
    [InlineData("""{"a":{}}""")]
    public void A_value_of_a_type_that_we_do_not_write_is_refused_rather_than_misread(string properties)
    {
        string row = """{"odata.etag":"e","PartitionKey":"p","RowKey":"r","Timestamp":"2026-01-01T00:00:00Z",""" + properties[1..];

        Exception error = Assert.ThrowsAny<Exception>(() => new EntityReader(readAt).ReadOne(Encoding.UTF8.GetBytes(row)));
        Assert.True(error is JsonException or FormatException, error.ToString());
    }

    [Fact]
    public void A_batch_is_one_change_set_of_requests()
    {
        var output = new ArrayBufferWriter<byte>();

        TableBatch.Write(
            output,
            address,
            "rows",
            [TableOperation.Insert(new TableEntity("p", "a")), TableOperation.Replace(new TableEntity("p", "b"), "W/\"1\""), TableOperation.Delete("p", "c", null)]);

        Assert.Equal(
            """
            --batch_registry
            Content-Type: multipart/mixed; boundary=changeset_registry

            --changeset_registry
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            POST https://account.table.core.windows.net/prerows HTTP/1.1
            Accept: application/json;odata=minimalmetadata
            DataServiceVersion: 3.0
            Prefer: return-no-content
            Content-Type: application/json

            {"PartitionKey":"p","RowKey":"a"}
            --changeset_registry
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            PUT https://account.table.core.windows.net/prerows(PartitionKey='p',RowKey='b') HTTP/1.1
            Accept: application/json;odata=minimalmetadata
            DataServiceVersion: 3.0
            If-Match: W/"1"
            Content-Type: application/json

            {"PartitionKey":"p","RowKey":"b"}
            --changeset_registry
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            DELETE https://account.table.core.windows.net/prerows(PartitionKey='p',RowKey='c') HTTP/1.1
            Accept: application/json;odata=minimalmetadata
            DataServiceVersion: 3.0
            If-Match: *


            --changeset_registry--
            --batch_registry--

            """.ReplaceLineEndings("\r\n"),
            Encoding.ASCII.GetString(output.WrittenSpan));
    }

    /// <summary>The form of "Performing entity group transactions", "Sample response".</summary>
    [Fact]
    public void The_answers_of_a_batch_are_read_in_order()
    {
        string body = """
            --batchresponse_4c637ba4-b2f8-40f8-8856-c2d10d163a83
            Content-Type: multipart/mixed; boundary=changesetresponse_4258cb53-8200-4262-8c1f-bc6f8d1e1b1b

            --changesetresponse_4258cb53-8200-4262-8c1f-bc6f8d1e1b1b
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            HTTP/1.1 204 No Content
            X-Content-Type-Options: nosniff
            Preference-Applied: return-no-content
            DataServiceVersion: 3.0;
            Location: https://account.table.core.windows.net/rows(PartitionKey='p',RowKey='a')
            ETag: W/"datetime'2026-01-02T03%3A04%3A05.1Z'"


            --changesetresponse_4258cb53-8200-4262-8c1f-bc6f8d1e1b1b
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            HTTP/1.1 204 No Content
            DataServiceVersion: 1.0;


            --changesetresponse_4258cb53-8200-4262-8c1f-bc6f8d1e1b1b--
            --batchresponse_4c637ba4-b2f8-40f8-8856-c2d10d163a83--
            """;

        foreach (string ending in (string[])["\r\n", "\n"])
        {
            List<TableAnswer> answers = TableBatchReader.Read(Encoding.ASCII.GetBytes(body.ReplaceLineEndings(ending)));

            Assert.Equal([new(204, "", "", "W/\"datetime'2026-01-02T03%3A04%3A05.1Z'\""), new(204, "", "", null)], answers);
        }
    }

    [Theory]
    [InlineData(409, "EntityAlreadyExists", "12:The specified entity already exists.", TableStatus.Exists, 12)]
    [InlineData(412, "UpdateConditionNotSatisfied", "0:The update condition specified in the request was not satisfied.", TableStatus.Changed, 0)]
    [InlineData(404, "ResourceNotFound", "99:The specified resource does not exist.", TableStatus.Missing, 99)]
    [InlineData(404, "TableNotFound", "0:The table specified does not exist.", null, 0)]
    [InlineData(400, "InvalidInput", "Bad Request - Error in query syntax.", null, 0)]
    [InlineData(409, "TableBeingDeleted", "1:The table is being deleted: wait.", null, 1)]
    public void The_answer_of_a_lost_batch_says_why_and_which(int status, string code, string message, object? outcome, int failed)
    {
        string body = $$$$"""
            --batchresponse_1
            Content-Type: multipart/mixed; boundary=changesetresponse_2

            --changesetresponse_2
            Content-Type: application/http
            Content-Transfer-Encoding: binary

            HTTP/1.1 {{{{status}}}} Whatever
            DataServiceVersion: 3.0;
            Content-Type: application/json;odata=minimalmetadata;streaming=true;charset=utf-8

            {"odata.error":{"code":"{{{{code}}}}","message":{"lang":"en-US","value":"{{{{message}}}}\nRequestId:1\nTime:2026-01-02T03:04:05Z"}}}
            --changesetresponse_2--
            --batchresponse_1--
            """;

        TableAnswer answer = Assert.Single(TableBatchReader.Read(Encoding.ASCII.GetBytes(body.ReplaceLineEndings("\r\n"))));

        Assert.Equal((status, code, (TableStatus?)outcome), (answer.Status, answer.Code, answer.Outcome));
        Assert.Equal(failed, TableBatchReader.FailedIndex(answer.Message));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>Bad gateway</html>")]
    [InlineData("""{"error":"other"}""")]
    [InlineData("[]")]
    public void A_failure_that_is_not_the_services_has_its_status_alone(string body) =>
        Assert.Equal(new TableAnswer(502, "", "", null), TableAnswer.Read(502, Encoding.ASCII.GetBytes(body), null));
}
