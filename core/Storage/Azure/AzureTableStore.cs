using System.Text;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Registry.Storage.Azure;

/// <summary>State in Azure Table storage, by its REST API over Azure.Core's pipeline. Each call is one storage transaction, retries aside.</summary>
/// <remarks>
/// A try can take effect and its answer be lost; the pipeline's next try then meets the first one's effect. So a retried insert may answer
/// <see cref="TableStatus.Exists"/>, a retried replace <see cref="TableStatus.Changed"/>, and a retried delete <see cref="TableStatus.Missing"/>, though
/// the write was done, and a batch likewise. Whoever must know puts an id of its own into the row and reads it again: only the caller can tell
/// its own write from another's.
/// </remarks>
public sealed class AzureTableStore : ITableStore
{
    private readonly HttpPipeline pipeline;
    private readonly TableAddress address;
    private readonly string prefix;

    internal AzureTableStore(Uri service, TokenCredential identity, AzureStorageOptions options)
        : this(service, new BearerTokenAuthenticationPolicy(identity, "https://storage.azure.com/.default"), options)
    {
    }

    /// <param name="service">The table service's URL.</param>
    /// <param name="authentication">Authorizes each try.</param>
    /// <param name="options">The prefix of table names, and the transport.</param>
    internal AzureTableStore(Uri service, HttpPipelinePolicy authentication, AzureStorageOptions options)
    {
        prefix = options.TablePrefix;
        if (prefix.Length > 0 && !(char.IsAsciiLetter(prefix[0]) && prefix.All(char.IsAsciiLetterOrDigit)))
            throw new ArgumentException($"'{prefix}' is no beginning of a table's name", nameof(options));
        address = new TableAddress(service, prefix);
        pipeline = HttpPipelineBuilder.Build(new PipelineOptions(options), new PooledBodyPolicy(), authentication);
    }

    public async Task<TableEntity?> Find(string table, string partition, string row, CancellationToken cancellation)
    {
        CheckTable(table);
        TableLimits.CheckKey(partition);
        TableLimits.CheckKey(row);
        using TableCall call = Call(RequestMethod.Get, new Uri(address.Row(table, partition, row)), "find", $"{table}/{partition}/{row}");
        TableAnswer answer = await call.Send(pipeline, cancellation);
        if (answer.Outcome == TableStatus.Missing)
            return null;
        call.ThrowUnlessSuccess(answer);
        return call.Read((reader, body) => reader.ReadOne(body));
    }

    public async Task<TablePage> Query(string table, TableQuery query, CancellationToken cancellation)
    {
        CheckTable(table);
        TableLimits.CheckQuery(query);
        using TableCall call = Call(RequestMethod.Get, address.Query(table, query), "query", $"{table}/{query.Partition}");
        call.ThrowUnlessSuccess(await call.Send(pipeline, cancellation));
        List<TableEntity> rows = call.Read((reader, body) => reader.ReadPage(body));

        // The service compares; that a number is no string, and case counts, does not hang on how it does so (Azurite takes 7 for '7').
        if (query.Where is { } where)
            rows.RemoveAll(row => row.FindString(where.Property) != where.Value);
        TableContinuation? next = call.AnswerHeaders.TryGetValue("x-ms-continuation-NextPartitionKey", out string? nextPartition)
            ? new(nextPartition, call.AnswerHeaders.TryGetValue("x-ms-continuation-NextRowKey", out string? nextRow) ? nextRow : "")
            : null;
        return new TablePage(rows, next);
    }

    public async Task<TableResult> Write(string table, TableOperation operation, CancellationToken cancellation)
    {
        CheckTable(table);
        TableLimits.CheckOperation(operation);
        TableEntity entity = operation.Entity;
        var write = TableWrite.Of(operation);
        bool toTable = write.Method == RequestMethod.Post;
        var uri = new Uri(toTable ? address.Table(table) : address.Row(table, entity.Partition, entity.Row));
        using TableCall call = Call(write.Method, uri, operation.Kind.ToString().ToLowerInvariant(), $"{table}/{entity.Partition}/{entity.Row}");
        if (toTable)
            call.Headers.Add("Prefer", TableHeaders.NoContent);
        if (write.IfMatch is not null)
            call.Headers.Add("If-Match", write.IfMatch);
        if (write.HasBody)
            EntityWriter.Write(call.Body("application/json", TableLimits.RequestSize(entity)), entity);

        TableAnswer answer = await call.Send(pipeline, cancellation);
        return answer.Outcome switch
        {
            TableStatus.Done => new TableResult(TableStatus.Done, [answer.ETag]),
            { } lost => new TableResult(lost, []),
            null => throw call.Failure(answer),
        };
    }

    public async Task<TableResult> WriteBatch(string table, IReadOnlyList<TableOperation> operations, CancellationToken cancellation)
    {
        CheckTable(table);
        TableLimits.CheckBatch(operations);
        if (operations.Count == 1)
            return await Write(table, operations[0], cancellation);

        using TableCall call = Call(RequestMethod.Post, address.Batch, "batch", $"{table}/{operations[0].Entity.Partition}");
        PooledBuffer body = call.Body(TableBatch.ContentType, operations.Sum(o => TableLimits.RequestSize(o.Entity)));
        TableBatch.Write(body, address, table, operations);
        call.ThrowUnlessSuccess(await call.Send(pipeline, cancellation));

        List<TableAnswer> answers = TableBatchReader.Read(call.AnswerBody);
        int failed = answers.FindIndex(a => !a.IsSuccess);
        if (failed < 0 && answers.Count == operations.Count)
            return new TableResult(TableStatus.Done, [.. answers.Select(a => a.ETag)]);
        if (failed < 0)
            throw call.Unexpected();
        return answers[failed].Outcome is { } lost
            ? new TableResult(lost, [], TableBatchReader.FailedIndex(answers[failed].Message))
            : throw call.Failure(answers[failed]);
    }

    public async Task CreateTable(string table, CancellationToken cancellation)
    {
        CheckTable(table);
        using TableCall call = Call(RequestMethod.Post, address.Tables, "create table", table);
        call.Headers.Add("Prefer", TableHeaders.NoContent);
        Encoding.ASCII.GetBytes($$"""{"TableName":"{{address.Name(table)}}"}""", call.Body("application/json", 256));
        TableAnswer answer = await call.Send(pipeline, cancellation);
        if (answer is not { Status: 409, Code: "TableAlreadyExists" })
            call.ThrowUnlessSuccess(answer);
    }

    private void CheckTable(string table)
    {
        TableLimits.CheckTable(table);
        if (address.Name(table).Length > TableLimits.MaxTableLength)
            throw new ArgumentException($"'{address.Name(table)}' has more than {TableLimits.MaxTableLength} characters", nameof(table));
    }

    private TableCall Call(RequestMethod method, Uri uri, string operation, string path)
    {
        HttpMessage message = pipeline.CreateMessage();
        message.Request.Method = method;
        message.Request.Uri.Reset(uri);
        message.Request.Headers.Add("x-ms-version", TableHeaders.ServiceVersion);
        message.Request.Headers.Add("DataServiceVersion", TableHeaders.DataServiceVersion);
        message.Request.Headers.Add("Accept", TableHeaders.Accept);
        return new TableCall(message, operation, path);
    }

    private sealed class PipelineOptions : ClientOptions
    {
        public PipelineOptions(AzureStorageOptions options)
        {
            Transport = options.Transport;
            if (options.Clock is { } clock)
                AddPolicy(clock, HttpPipelinePosition.PerRetry);
            AzureRetry.ForTables(Retry);
            AzureTransport.LeaveDiagnosticsToHttp(Diagnostics);
        }
    }
}
