using './main.bicep'

// azd sets the first two, and what `azd env set` was told. Without azd: export them, or edit this file.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'registry')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')

// Secrets come from the environment of whoever deploys, never from this file.
param adminPassword = readEnvironmentVariable('REGISTRY_ADMIN_PASSWORD', '')
param federation = readEnvironmentVariable('REGISTRY_FEDERATION', '')
param otlpHeaders = readEnvironmentVariable('REGISTRY_OTLP_HEADERS', '')

param adminName = readEnvironmentVariable('REGISTRY_ADMIN_NAME', 'admin')
param publicBaseUrl = readEnvironmentVariable('REGISTRY_PUBLIC_BASE_URL', '')
param alertEmail = readEnvironmentVariable('REGISTRY_ALERT_EMAIL', '')
param otlpEndpoint = readEnvironmentVariable('REGISTRY_OTLP_ENDPOINT', '')
param otlpTracesEndpoint = readEnvironmentVariable('REGISTRY_OTLP_TRACES_ENDPOINT', '')
param otlpMetricsEndpoint = readEnvironmentVariable('REGISTRY_OTLP_METRICS_ENDPOINT', '')
param otlpLogsEndpoint = readEnvironmentVariable('REGISTRY_OTLP_LOGS_ENDPOINT', '')
param otlpIsAzureMonitor = bool(readEnvironmentVariable('REGISTRY_OTLP_IS_AZURE_MONITOR', 'false'))
param laneEnabled = bool(readEnvironmentVariable('REGISTRY_LANE', 'true'))

// azd knows it after its first deploy; without azd it is what `az acr build` pushed.
param laneImage = readEnvironmentVariable('SERVICE_LANE_IMAGE_NAME', '')
