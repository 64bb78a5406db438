# The registry as a container: the same package as the Functions app, without the Functions host. The upload lane of
# infra/modules/lane.bicep runs it, and so can anything else:
#
#   docker build -t registry .
#   docker run -p 5000:8080 -v registry:/data -e Registry__Auth__Admin__Password=… registry
#
# No test of this project builds it: docs/operate.md says what is untried.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish functions -c Release -o /package && mkdir /empty

# The package is self-contained: it needs OpenSSL and the C library, no .NET and no shell.
FROM mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled
WORKDIR /registry
COPY --from=build /package .

# Embedded storage, where no other is named. The folder belongs to the user that the registry runs as.
COPY --from=build --chown=$APP_UID:$APP_UID /empty /data
ENV Registry__Storage__RootDirectory=/data

ENV ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080
USER $APP_UID
ENTRYPOINT ["/registry/registry"]
