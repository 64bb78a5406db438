using System.Formats.Tar;
using System.IO.Compression;

namespace Registry.Tests.Support.SymbolicImages;

/// <summary>A layer by symbolic name: the same name and size are the same bytes, in every run.</summary>
public sealed record LayerSpec
{
    private const int FileSize = 1 << 20;
    private static readonly DateTimeOffset modified = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string name;
    private readonly long size;
    private readonly LayerForm form;

    private LayerSpec(string name, long size, LayerForm form)
    {
        this.name = name;
        this.size = size;
        this.form = form;
    }

    /// <summary>A blob of no bytes at all. Tar readers take it for an archive without entries, and clients push it like any other.</summary>
    public static LayerSpec Zero { get; } = new("zero", 0, LayerForm.Zero);

    public string MediaType => form == LayerForm.Gzip ? "application/vnd.oci.image.layer.v1.tar+gzip" : "application/vnd.oci.image.layer.v1.tar";

    /// <summary>A compressed archive with that much content, in bytes, which does not compress.</summary>
    public static LayerSpec Gzip(string name, long size) => new(name, size, LayerForm.Gzip);

    /// <summary>An archive that is not compressed.</summary>
    public static LayerSpec Tar(string name, long size) => new(name, size, LayerForm.Tar);

    /// <summary>Writes the archive, not compressed: what the image's configuration counts as a <c>diff_id</c>.</summary>
    public void WriteArchive(Stream output)
    {
        if (form == LayerForm.Zero)
            return;
        using var tar = new TarWriter(output, TarEntryFormat.Ustar, leaveOpen: true);
        for (var (left, number) = (size, 0); left > 0; left -= FileSize, number++)
        {
            using var content = new MemoryStream(Content.Bytes(TestSeed.Of($"{name}-{number}"), (int)Math.Min(left, FileSize)));
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{name}-{number}") { ModificationTime = modified, DataStream = content });
        }
    }

    /// <summary>Writes the layer as it is pushed.</summary>
    public void WriteBlob(Stream output)
    {
        if (form != LayerForm.Gzip)
        {
            WriteArchive(output);
            return;
        }

        using var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);
        WriteArchive(gzip);
    }

    private enum LayerForm
    {
        Gzip,
        Tar,
        Zero,
    }
}

/// <summary>An image by its layers; the architecture makes two images of the same layers differ.</summary>
public sealed record ImageSpec(string Architecture, params LayerSpec[] Layers);
