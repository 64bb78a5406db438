using Azure.Core;

namespace Registry.Storage.Azure;

/// <summary>What an operation is on the wire.</summary>
/// <param name="Method">POST is to the table, the others to the row.</param>
/// <param name="IfMatch">The condition; <c>*</c> is a row of any version.</param>
/// <param name="HasBody">Whether the row is sent.</param>
internal readonly record struct TableWrite(RequestMethod Method, string? IfMatch, bool HasBody)
{
    /// <remarks>PUT is "Update Entity" with a condition and "Insert Or Replace Entity" without.</remarks>
    public static TableWrite Of(TableOperation operation) => operation.Kind switch
    {
        TableOperationKind.Insert => new(RequestMethod.Post, null, HasBody: true),
        TableOperationKind.Replace => new(RequestMethod.Put, operation.ETag, HasBody: true),
        TableOperationKind.Upsert => new(RequestMethod.Put, null, HasBody: true),
        TableOperationKind.Delete => new(RequestMethod.Delete, operation.ETag ?? "*", HasBody: false),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation.Kind, null),
    };
}
