namespace Registry.Storage.FileSystem.Journal;

/// <summary>When a journal is compacted: once it is longer than both.</summary>
/// <param name="MinimumBytes">Below this reading it at the next start costs nothing worth saving.</param>
/// <param name="SnapshotFactor">This many times the snapshot. So each byte written is written again by compaction a bounded number of times, however large the state grows.</param>
internal sealed record JournalOptions(long MinimumBytes = 4 * 1024 * 1024, int SnapshotFactor = 2);
