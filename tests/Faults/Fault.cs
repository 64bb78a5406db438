namespace Registry.Tests.Faults;

/// <summary>What happens to one request on its way to storage. "Before" is before storage sees it, "after" when it took effect and nobody was told.</summary>
public enum Fault
{
    None,

    /// <summary>The registry is killed (SIGKILL) before storage sees its request.</summary>
    KillBefore,

    /// <summary>The registry is killed when its request took effect.</summary>
    KillAfter,

    /// <summary>The connection is reset before storage sees the request.</summary>
    CutBefore,

    /// <summary>The connection is reset when the request took effect.</summary>
    CutAfter,

    /// <summary>500, and storage does not see the request.</summary>
    ServerError,

    /// <summary>503 with Retry-After, and storage does not see the request.</summary>
    Busy,

    /// <summary>No answer, ever, and storage does not see the request.</summary>
    HangBefore,

    /// <summary>The request took effect, and no answer, ever.</summary>
    HangAfter,
}
