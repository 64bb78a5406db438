using System.Globalization;

namespace Registry.Tests.HostEmulation;

/// <summary>The environment variables that the host gives to the handler on top of its own.</summary>
internal static class HandlerEnvironment
{
    public static Dictionary<string, string> For(HandlerPackage package, FunctionsHostOptions options, int port)
    {
        var portText = port.ToString(CultureInfo.InvariantCulture);
        var workerId = Guid.NewGuid().ToString();

        // An app setting is a variable of the host's own environment, which the handler inherits.
        return new Dictionary<string, string>(options.AppSettings)
        {
            ["FUNCTIONS_EXTENSION_VERSION"] = "~4",
            ["FUNCTIONS_WORKER_RUNTIME"] = "custom",
            ["FUNCTIONS_APP_ROOT_PATH"] = package.Folder,
            ["FUNCTIONS_CUSTOMHANDLER_PORT"] = portText,
            ["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"] = workerId,
            ["FUNCTIONS_HTTPWORKER_PORT"] = portText,
            ["FUNCTIONS_HTTPWORKER_ID"] = workerId,
        };
    }
}
