using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Registry.Errors;

namespace Registry.Functions.Http;

/// <summary>Gives the error envelope to the requests that Kestrel refuses itself, before any middleware: what is not HTTP, such as a <c>%00</c> in a path.</summary>
/// <remarks>
/// Kestrel has no hook there. What it writes is always one block: a 4xx status line, no body, and the end of the connection. No answer of ours
/// is like that, so that block is replaced as it passes. A client that parses errors as JSON (docker) then shows the reason.
/// </remarks>
internal static class BareErrors
{
    public static void Use(ListenOptions endpoint) => endpoint.Use(next => async connection =>
    {
        var transport = connection.Transport;
        connection.Transport = new Duplex(transport.Input, new Writer(transport.Output));
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    });

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Writer(PipeWriter inner) : PipeWriter
    {
        private static readonly byte[] Body = JsonSerializer.SerializeToUtf8Bytes(ErrorBody.Of(new RegistryException(RegistryError.NotHttp)), WireJson.Default.ErrorBody);

        private Memory<byte> current;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => current = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            if (IsBareError(current.Span[..bytes]) && TryReplace(current.Span, out var replaced))
                bytes = replaced;
            inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        private static bool IsBareError(ReadOnlySpan<byte> block) =>
            block.StartsWith("HTTP/1.1 4"u8)
            && block.EndsWith("\r\n\r\n"u8)
            && block.IndexOf("\r\nContent-Length: 0\r\n"u8) > 0
            && block.IndexOf("\r\nConnection: close\r\n"u8) > 0;

        private static bool TryReplace(Span<byte> block, out int length)
        {
            var statusLine = block[..block.IndexOf("\r\n"u8)].ToArray();
            Span<byte> size = stackalloc byte[10];
            Utf8Formatter.TryFormat(Body.Length, size, out var digits);
            length = 0;
            return Append(block, ref length, statusLine)
                && Append(block, ref length, "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "u8)
                && Append(block, ref length, size[..digits])
                && Append(block, ref length, "\r\n\r\n"u8)
                && Append(block, ref length, Body);
        }

        private static bool Append(Span<byte> block, ref int length, ReadOnlySpan<byte> part)
        {
            if (!part.TryCopyTo(block[length..]))
                return false;
            length += part.Length;
            return true;
        }
    }
}
