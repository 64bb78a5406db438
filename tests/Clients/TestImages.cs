using Registry.Tests.Support.SymbolicImages;

namespace Registry.Tests.Clients;

/// <summary>The images that real clients push and pull.</summary>
internal static class TestImages
{
    private const int KiB = 1 << 10;
    private const int MiB = 1 << 20;

    /// <summary>Six layers, from under one block of storage to more than two, one of them not compressed.</summary>
    public static ImageSpec ManyLayers { get; } = new(
        "amd64",
        LayerSpec.Gzip("base", 17 * MiB),
        LayerSpec.Gzip("small", 300),
        LayerSpec.Tar("plain", 700 * KiB),
        LayerSpec.Gzip("a", 8 * MiB),
        LayerSpec.Gzip("b", 3 * MiB),
        LayerSpec.Gzip("c", 600 * KiB));

    /// <summary>Shares <see cref="ManyLayers"/>' first two layers, and has one of its own.</summary>
    public static ImageSpec Sibling { get; } = new("amd64", ManyLayers.Layers[0], ManyLayers.Layers[1], LayerSpec.Gzip("sibling", 2 * MiB));

    /// <summary>The two architectures of an index. They share a layer.</summary>
    public static ImageSpec[] TwoArchitectures { get; } =
    [
        new("amd64", LayerSpec.Gzip("common", 2 * MiB), LayerSpec.Gzip("for-amd64", MiB)),
        new("arm64", LayerSpec.Gzip("common", 2 * MiB), LayerSpec.Gzip("for-arm64", MiB)),
    ];

    /// <summary>Has a layer of no bytes.</summary>
    public static ImageSpec WithZeroLayer { get; } = new("amd64", LayerSpec.Gzip("under-zero", 10 * KiB), LayerSpec.Zero);

    /// <summary>One layer of 300 MB: dozens of storage blocks, and several checkpoints of one request.</summary>
    public static ImageSpec Huge { get; } = new("amd64", LayerSpec.Tar("huge", 300_000_000));
}
