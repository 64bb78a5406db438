using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Registry.Functions.Commands.Operations;

/// <summary>
/// What a command asks for: data, which can travel to the process that has the storage open, and what is done with it there. It is the same code
/// whether that is the running server or the command's own process.
/// </summary>
internal abstract record Operation
{
    /// <summary>Does it.</summary>
    /// <returns>The result as JSON: what <c>--json</c> prints, and what people's tables are made of.</returns>
    public abstract Task<JsonElement> Execute(OperationContext context, CancellationToken cancellation);
}

/// <summary>An operation with a result of that type.</summary>
internal abstract record Operation<TResult> : Operation
{
    protected abstract JsonTypeInfo<TResult> ResultType { get; }

    /// <summary>Does it.</summary>
    /// <exception cref="OperationFailedException">It cannot be done; the message says what to do about it.</exception>
    /// <exception cref="ArgumentException">What was asked for is not as it must be.</exception>
    /// <exception cref="FormatException">The same.</exception>
    protected abstract Task<TResult> Run(OperationContext context, CancellationToken cancellation);

    public sealed override async Task<JsonElement> Execute(OperationContext context, CancellationToken cancellation) =>
        JsonSerializer.SerializeToElement(await Run(context, cancellation), ResultType);

    public TResult Read(JsonElement result) => result.Deserialize(ResultType) ?? throw new JsonException("null is no result");
}

/// <summary>An operation that changes accounts, federations or rules, of which instances keep copies: the server that does it goes by the change at once.</summary>
internal abstract record RuleChange<TResult> : Operation<TResult>
{
    protected abstract Task<TResult> Change(OperationContext context, CancellationToken cancellation);

    protected sealed override async Task<TResult> Run(OperationContext context, CancellationToken cancellation)
    {
        try
        {
            return await Change(context, cancellation);
        }
        finally
        {
            // Also when it failed: some of it may have been done.
            context.RulesChanged();
        }
    }
}
