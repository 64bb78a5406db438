namespace Registry.Storage.Memory;

/// <summary>What a write does to a table once its conditions are found to hold. Without rows it makes the table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Version">The number of the last write that any row has, or had.</param>
/// <param name="Puts">Rows that are there afterwards, whatever was there before.</param>
/// <param name="Deletes">Keys (<see cref="StoredRow.Key"/>) of rows that are gone afterwards.</param>
internal sealed record TableChange(string Table, long Version, IReadOnlyList<StoredRow> Puts, IReadOnlyList<StoredRow> Deletes);
