using Microsoft.Extensions.Logging.Console;
using Registry.Functions.Telemetry;

namespace Registry.Functions.Hosting;

/// <summary>What the registry says on the console.</summary>
internal static class ConsoleLog
{
    public static void Configure(ILoggingBuilder logging, ConfigurationManager configuration, ListenAddress address, TimeProvider time)
    {
        if (address.IsReachable)
        {
            // Read by machines, and by people who look for one request among many.
            logging.Services.AddSingleton<ConsoleFormatter>(new TraceConsoleFormatter(time));
            logging.AddConsole(console => console.FormatterName = TraceConsoleFormatter.FormatterName);
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.UseUtcTimestamp = true;
            });
        }

        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);

        // It warns that keys are not encrypted by itself: what protects them in storage is in docs/decisions/0005-tokens.md.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        // What does not start says so itself: in one line where it is a setting, and as an unhandled exception otherwise.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddConfiguration(configuration.GetSection("Logging"));
    }
}
