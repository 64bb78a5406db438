var app = WebApplication.CreateSlimBuilder(args).Build();
app.MapGet("/v2/", () => "hello");
await app.RunAsync();
