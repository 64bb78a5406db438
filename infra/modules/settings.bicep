metadata description = 'The settings of the function app. They come last: they name the lane, which names the function app.'

@description('The function app.')
param siteName string

@description('The identity\'s client id.')
param identityClientId string

@description('The storage account of the Functions host.')
param hostAccountName string

@description('The largest request body, in bytes.')
param requestBodyLimit int

@description('The blob service of the content.')
param blobServiceUri string

@description('The table service of the content.')
param tableServiceUri string

@description('The container of the content.')
param contentContainer string

@description('Whether pulls are redirected to the storage.')
param redirectPulls bool

@description('What the registry is called from outside.')
param frontUrl string

@description('Where uploads are sent; empty for here.')
param uploadsUrl string

@description('The name of the first administrator.')
param adminName string

@description('The secret with the first administrator\'s password; empty for none.')
param adminReferenceUri string

@description('The secret with the federation; empty for none.')
param federationReferenceUri string

@description('Where the host\'s telemetry goes.')
param insightsConnectionString string

@description('OpenTelemetry\'s own variables; empty for no telemetry of the handler.')
param otlpVariables object

@description('The scope of the tokens that telemetry carries; empty for none.')
param otlpScope string

@description('The secret with the headers of that endpoint; empty for none.')
param otlpHeadersReferenceUri string

// The platform's own. Flex Consumption takes the runtime, the package and the scale from functionAppConfig, and refuses
// FUNCTIONS_WORKER_RUNTIME, WEBSITE_RUN_FROM_PACKAGE and their like as settings.
var platformSettings = {
  AzureWebJobsStorage__accountName: hostAccountName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(requestBodyLimit)
}

// The identity that the registry's own code asks for tokens with: this one, and no look for others.
var identitySettings = {
  AZURE_CLIENT_ID: identityClientId
  AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
}

var registrySettings = {
  Registry__Storage__Driver: 'azure'
  Registry__Storage__BlobServiceUri: blobServiceUri
  Registry__Storage__TableServiceUri: tableServiceUri
  Registry__Storage__Container: contentContainer
  Registry__Redirect__Enabled: string(redirectPulls)

  // The platform ends TLS before the program sees a request. So that no header decides where clients send their passwords, it is said here.
  Registry__PublicBaseUrl: frontUrl
  Registry__Auth__Enabled: 'true'
  Registry__Auth__Admin__Name: adminName
}

// An empty setting would be one, so what is not given is left out.
var uploadSettings = empty(uploadsUrl) ? {} : {
  Registry__Uploads__PublicBaseUrl: uploadsUrl
}
var adminSettings = empty(adminReferenceUri) ? {} : {
  Registry__Auth__Admin__Password: '@Microsoft.KeyVault(SecretUri=${adminReferenceUri})'
}
var federationSettings = empty(federationReferenceUri) ? {} : {
  Registry__Auth__Federation: '@Microsoft.KeyVault(SecretUri=${federationReferenceUri})'
}
var telemetrySettings = empty(otlpScope) ? {} : {
  Registry__Telemetry__TokenScope: otlpScope
}
var otlpHeaderSettings = empty(otlpHeadersReferenceUri) ? {} : {
  OTEL_EXPORTER_OTLP_HEADERS: '@Microsoft.KeyVault(SecretUri=${otlpHeadersReferenceUri})'
}

resource site 'Microsoft.Web/sites@2024-04-01' existing = {
  name: siteName
}

// All of them, always: a deployment replaces the whole set.
resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'appsettings'
  properties: union(platformSettings, identitySettings, registrySettings, uploadSettings, adminSettings, federationSettings, telemetrySettings, otlpVariables, otlpHeaderSettings)
}
