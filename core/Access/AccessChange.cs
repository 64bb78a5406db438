using Registry.Storage;

namespace Registry.Access;

/// <summary>What became of a change. Other instances know of it within <see cref="CopyAges.RefreshAfter"/>.</summary>
public enum AccessChange
{
    Done,

    /// <summary>The name is taken, by an account or a federation.</summary>
    Exists,

    /// <summary>There is nothing of that name.</summary>
    Unknown,
}

/// <summary>What became of a change, and the secret that it made: to be shown once, for it is stored nowhere.</summary>
/// <param name="Change">What became of it.</param>
/// <param name="Secret">The new secret; null where the caller chose it, and where nothing changed.</param>
public sealed record NewSecret(AccessChange Change, string? Secret = null)
{
    /// <summary>Without the secret, which must not find its way into a log.</summary>
    public override string ToString() => $"{Change}";
}
