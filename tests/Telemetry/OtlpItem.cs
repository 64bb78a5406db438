using System.Globalization;

namespace Registry.Tests.Telemetry;

/// <summary>A span, a measurement or an event of the log, as OTLP has it (opentelemetry-proto 1.x).</summary>
internal abstract record OtlpItem(string Service, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>Its tags, spelled out.</summary>
    protected string Spelled => string.Join(',', Tags.Select(t => $"{t.Key}={t.Value}"));

    public static IEnumerable<OtlpItem> Spans(ProtobufMessage request) =>
        from resource in request.All(1)
        from scope in resource.All(2)
        from span in scope.All(2)
        select new OtlpSpan(Name(resource), Attributes(span, 9), scope.Find(1)!.Text(1), span.Text(5), span.Hex(1), span.Hex(2), span.Hex(4));

    public static IEnumerable<OtlpItem> Points(ProtobufMessage request) =>
        from resource in request.All(1)
        from scope in resource.All(2)
        from metric in scope.All(2)
        from point in SumPoints(metric).Concat(HistogramPoints(metric))
        select new OtlpPoint(Name(resource), point.Tags, metric.Text(1), point.Value);

    public static IEnumerable<OtlpItem> Logs(ProtobufMessage request) =>
        from resource in request.All(1)
        from scope in resource.All(2)
        from record in scope.All(2)
        select new OtlpLog(Name(resource), Attributes(record, 6), record.Find(5)!.Text(1), record.Hex(9));

    private static IEnumerable<(Dictionary<string, string> Tags, double Value)> SumPoints(ProtobufMessage metric) =>
        metric.Find(7)?.All(1).Select(p => (Attributes(p, 7), p.Has(6) ? (long)p.Number(6) : p.Double(4))) ?? [];

    // A histogram is taken for how often something was measured.
    private static IEnumerable<(Dictionary<string, string> Tags, double Value)> HistogramPoints(ProtobufMessage metric) =>
        metric.Find(9)?.All(1).Select(p => (Attributes(p, 9), (double)p.Number(4))) ?? [];

    private static string Name(ProtobufMessage resource) => Attributes(resource.Find(1)!, 1)["service.name"];

    private static Dictionary<string, string> Attributes(ProtobufMessage message, int number) =>
        message.All(number).ToDictionary(a => a.Text(1), a => Value(a.Find(2)!));

    private static string Value(ProtobufMessage any) =>
        any.Has(1) ? any.Text(1) : any.Has(3) ? ((long)any.Number(3)).ToString(CultureInfo.InvariantCulture) : any.Has(4) ? any.Double(4).ToString(CultureInfo.InvariantCulture) : any.Number(2) == 1 ? "true" : "false";
}

internal sealed record OtlpSpan(string Service, IReadOnlyDictionary<string, string> Tags, string Source, string Name, string Trace, string Id, string Parent) : OtlpItem(Service, Tags)
{
    public override string ToString() => $"{Source} {Name} {Trace}-{Id} below {Parent} {{{Spelled}}}";
}

internal sealed record OtlpPoint(string Service, IReadOnlyDictionary<string, string> Tags, string Name, double Value) : OtlpItem(Service, Tags)
{
    public override string ToString() => $"{Name} {{{Spelled}}} = {Value}";
}

internal sealed record OtlpLog(string Service, IReadOnlyDictionary<string, string> Tags, string Text, string Trace) : OtlpItem(Service, Tags)
{
    public override string ToString() => $"{Text} {Trace} {{{Spelled}}}";
}
