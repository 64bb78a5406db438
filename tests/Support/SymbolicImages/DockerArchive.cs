using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;

namespace Registry.Tests.Support.SymbolicImages;

/// <summary>The archive that <c>docker load</c> takes: the configuration, the layers without compression, and a manifest.json over them.</summary>
public static class DockerArchive
{
    /// <param name="path">The file to write.</param>
    /// <param name="reference">The name that the image gets in docker.</param>
    /// <param name="folder">A place for the configuration and the largest layer.</param>
    /// <returns>The image. Its layers are compressed by docker when it pushes, so their digests in a registry are docker's own.</returns>
    public static WrittenImage Write(string path, string reference, ImageSpec image, TemporaryFolder folder)
    {
        var blobs = new ImageBlobs(folder["docker-archive-blobs"]);
        var written = blobs.Write(image);
        using var tar = new TarWriter(File.Create(path), TarEntryFormat.Ustar);
        var config = $"{written.Config.Digest.Hex}.json";
        tar.WriteEntry(blobs[written.Config.Digest], config);
        var layers = new JsonArray();
        foreach (var (layer, number) in image.Layers.Select((layer, number) => (layer, number)))
        {
            var archive = folder["layer.tar"];
            using (var file = File.Create(archive))
                layer.WriteArchive(file);
            tar.WriteEntry(archive, $"{number}/layer.tar");
            layers.Add($"{number}/layer.tar");
        }

        var manifest = new JsonArray(new JsonObject { ["Config"] = config, ["RepoTags"] = new JsonArray(reference), ["Layers"] = layers });
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(manifest.ToJsonString()));
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "manifest.json") { DataStream = content });
        return written;
    }
}
