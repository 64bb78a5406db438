namespace Registry.Digests;

/// <summary>In what SHA-256 and SHA-512 differ beside the size of their words (FIPS 180-4, 4.1 and 4.2).</summary>
internal interface ISha2Functions<TWord>
{
    /// <summary>A constant for each round.</summary>
    static abstract TWord[] K { get; }

    /// <summary>Σ0.</summary>
    static abstract TWord Sum0(TWord x);

    /// <summary>Σ1.</summary>
    static abstract TWord Sum1(TWord x);

    /// <summary>σ0.</summary>
    static abstract TWord Schedule0(TWord x);

    /// <summary>σ1.</summary>
    static abstract TWord Schedule1(TWord x);
}
