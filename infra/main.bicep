targetScope = 'subscription'

metadata name = 'Registry'
metadata description = 'A private, authenticated container registry on Azure Functions Flex Consumption, with an upload lane on Container Apps for layers above the body limit.'

@description('What the deployment is called. azd sets it to the name of its environment.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('The region of everything. Not every region has Flex Consumption: az functionapp list-flexconsumption-locations.')
param location string

@description('The resource group, which is made unless it is there.')
param resourceGroupName string = 'rg-${environmentName}'

@description('What the registry is called from outside, such as https://registry.example.org, once a custom domain is bound to the function app. Empty: its default host name.')
param publicBaseUrl string = ''

@description('The name of the first administrator.')
param adminName string = 'admin'

@description('The password of the first administrator, 12 characters or more. Used once, at the first start; leave it out of later deployments.')
@secure()
param adminPassword string = ''

@description('A federation whose tokens are taken as passwords, as JSON with its rules: see docs/access.md. Empty for none.')
@secure()
param federation string = ''

@description('The redundancy of the content. It can be changed later; regions without availability zones have no ZRS.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_RAGRS'
  'Standard_GZRS'
  'Standard_RAGZRS'
])
param storageSku string = 'Standard_LRS'

@description('For how many days deleted content can be brought back; it is billed for as long. 0: not at all.')
@minValue(0)
@maxValue(365)
param softDeleteDays int = 7

@description('Whether pulls of blobs are redirected to signed URLs of the storage. false where clients cannot reach it: behind private endpoints.')
param redirectPulls bool = true

@description('Memory of an instance in MB. 2048: the Functions host and the handler share it, and the host holds request bodies of known length in it.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('How many instances there are at most. It bounds the bill; the platform takes nothing below 40.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('How many requests an instance gets at once before another is started. 16: an upload holds up to 32 MiB of buffers, and all of an instance share 96 MiB.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Instances that are always running: no cold start, and a bill while idle. 0: none.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 0

@description('The largest request body that the function app takes, in bytes: the platform answers 500 to a larger one. 100 MiB is its default; the platform documents values up to 210 MB.')
@minValue(1048576)
@maxValue(210000000)
param requestBodyLimit int = 104857600

@description('Whether uploads go to a container app that has no body limit. Without it layers above requestBodyLimit cannot be pushed.')
param laneEnabled bool = true

@description('The image of the upload lane. Empty: not built yet, so a placeholder runs, and uploads stay with the function app. azd sets it after its first deploy.')
param laneImage string = ''

@description('How many replicas of the upload lane run at most. At least is none.')
@minValue(1)
@maxValue(30)
param laneMaximumReplicas int = 3

@description('An OpenTelemetry endpoint (OTLP over HTTP) for the traces, metrics and logs of the handler. Empty: only those go that have an endpoint of their own.')
param otlpEndpoint string = ''

@description('An endpoint for traces alone, with its whole path: Azure Monitor has one for each signal.')
param otlpTracesEndpoint string = ''

@description('An endpoint for metrics alone, with its whole path.')
param otlpMetricsEndpoint string = ''

@description('An endpoint for logs alone, with its whole path.')
param otlpLogsEndpoint string = ''

@description('Whether those endpoints are Azure Monitor\'s: requests carry a token of the identity then, and metrics have the form that it takes.')
param otlpIsAzureMonitor bool = false

@description('Headers for that endpoint, as name=value pairs with commas between them: usually a key.')
@secure()
param otlpHeaders string = ''

@description('How long logs are kept. 30 days are in the price of taking them in.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The most that the log workspace takes in a day, in GB: a bound for the bill when something loops.')
@minValue(1)
@maxValue(100)
param logDailyQuotaGB int = 1

@description('Who is told when something is wrong. Empty: nobody, and no alert rule, since each costs money while idle.')
param alertEmail string = ''

var suffix = toLower(uniqueString(subscription().id, resourceGroupName, location))
var tags = {
  'azd-env-name': environmentName
}
var contentContainer = 'registry'
var packageContainer = 'package'
var hasAdminPassword = !empty(adminPassword)
var hasFederation = !empty(federation)
var hasOtlpHeaders = !empty(otlpHeaders)
var hasOtlp = !empty(otlpEndpoint) || !empty(otlpTracesEndpoint) || !empty(otlpMetricsEndpoint) || !empty(otlpLogsEndpoint)

// OpenTelemetry's own variables. An empty one would be one, so what is not given is left out.
var otlpVariables = union(
  empty(otlpEndpoint) ? {} : {
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
  },
  empty(otlpTracesEndpoint) ? {} : {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: otlpTracesEndpoint
  },
  empty(otlpMetricsEndpoint) ? {} : {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: otlpMetricsEndpoint
  },
  empty(otlpLogsEndpoint) ? {} : {
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: otlpLogsEndpoint
  },
  hasOtlp ? {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf'
  } : {},
  otlpIsAzureMonitor ? {
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta'
    OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram'
  } : {}
)
var otlpScope = otlpIsAzureMonitor ? 'https://monitor.azure.com/.default' : ''

resource resources 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module frontIdentity 'modules/identity.bicep' = {
  name: 'identity-front'
  scope: resources
  params: {
    name: 'id-registry-front-${suffix}'
    location: location
    tags: tags
  }
}

module laneIdentity 'modules/identity.bicep' = if (laneEnabled) {
  name: 'identity-lane'
  scope: resources
  params: {
    name: 'id-registry-lane-${suffix}'
    location: location
    tags: tags
  }
}

// Two accounts: what the Functions host needs for itself (the package, its locks and keys) is nobody else's, and the host's wide
// role ends where the content begins. An account by itself costs nothing.
module contentStorage 'modules/storage.bicep' = {
  name: 'storage-content'
  scope: resources
  params: {
    name: 'stregc${suffix}'
    location: location
    tags: tags
    sku: storageSku
    softDeleteDays: softDeleteDays
    containerName: contentContainer
  }
}

module hostStorage 'modules/storage.bicep' = {
  name: 'storage-host'
  scope: resources
  params: {
    name: 'stregh${suffix}'
    location: location
    tags: tags
    sku: 'Standard_LRS'
    softDeleteDays: 0
    containerName: packageContainer
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: resources
  params: {
    workspaceName: 'log-registry-${suffix}'
    componentName: 'appi-registry-${suffix}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGB: logDailyQuotaGB
    contentAccountName: contentStorage.outputs.name
  }
}

module keyVault 'modules/keyvault.bicep' = {
  name: 'keyvault'
  scope: resources
  params: {
    name: 'kv-reg-${suffix}'
    location: location
    tags: tags
    adminPassword: adminPassword
    federation: federation
    otlpHeaders: otlpHeaders
  }
}

module frontRoles 'modules/roles-front.bicep' = {
  name: 'roles-front'
  scope: resources
  params: {
    principalId: frontIdentity.outputs.principalId
    contentAccountName: contentStorage.outputs.name
    contentContainer: contentContainer
    hostAccountName: hostStorage.outputs.name
    componentName: monitoring.outputs.componentName
    vaultName: keyVault.outputs.name
  }
}

module laneRoles 'modules/roles-lane.bicep' = if (laneEnabled) {
  name: 'roles-lane'
  scope: resources
  params: {
    principalId: laneIdentity!.outputs.principalId
    contentAccountName: contentStorage.outputs.name
    contentContainer: contentContainer
    vaultName: keyVault.outputs.name
    readsOtlpHeaders: hasOtlpHeaders
    imageRegistryName: images!.outputs.name
  }
}

module functionApp 'modules/functions.bicep' = {
  name: 'functions'
  scope: resources
  params: {
    planName: 'plan-registry-${suffix}'
    name: 'func-registry-${suffix}'
    location: location
    tags: tags
    identityId: frontIdentity.outputs.id
    packageContainerUri: '${hostStorage.outputs.blobServiceUri}${packageContainer}'
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    httpConcurrency: httpConcurrency
    alwaysReadyInstances: alwaysReadyInstances
    publicBaseUrl: publicBaseUrl
  }
  dependsOn: [
    frontRoles
  ]
}

module images 'modules/images.bicep' = if (laneEnabled) {
  name: 'images'
  scope: resources
  params: {
    name: 'crreg${suffix}'
    location: location
    tags: tags
  }
}

module lane 'modules/lane.bicep' = if (laneEnabled) {
  name: 'lane'
  scope: resources
  params: {
    environmentName: 'cae-registry-${suffix}'
    appName: 'ca-lane-${take(suffix, 10)}'
    location: location
    tags: tags
    identityId: laneIdentity!.outputs.id
    identityClientId: laneIdentity!.outputs.clientId
    workspaceId: monitoring.outputs.workspaceId
    imageRegistryServer: images!.outputs.loginServer
    image: laneImage
    maximumReplicas: laneMaximumReplicas
    blobServiceUri: contentStorage.outputs.blobServiceUri
    tableServiceUri: contentStorage.outputs.tableServiceUri
    contentContainer: contentContainer
    frontUrl: functionApp.outputs.url
    otlpVariables: otlpVariables
    otlpScope: otlpScope
    otlpHeadersReferenceUri: hasOtlpHeaders ? '${keyVault.outputs.uri}secrets/otlp-headers' : ''
  }
  dependsOn: [
    laneRoles
  ]
}

module settings 'modules/settings.bicep' = {
  name: 'settings'
  scope: resources
  params: {
    siteName: functionApp.outputs.name
    identityClientId: frontIdentity.outputs.clientId
    hostAccountName: hostStorage.outputs.name
    requestBodyLimit: requestBodyLimit
    blobServiceUri: contentStorage.outputs.blobServiceUri
    tableServiceUri: contentStorage.outputs.tableServiceUri
    contentContainer: contentContainer
    redirectPulls: redirectPulls
    frontUrl: functionApp.outputs.url
    uploadsUrl: laneEnabled && !empty(laneImage) ? lane!.outputs.url : ''
    adminName: adminName
    adminReferenceUri: hasAdminPassword ? '${keyVault.outputs.uri}secrets/admin-password' : ''
    federationReferenceUri: hasFederation ? '${keyVault.outputs.uri}secrets/federation' : ''
    insightsConnectionString: monitoring.outputs.connectionString
    otlpVariables: otlpVariables
    otlpScope: otlpScope
    otlpHeadersReferenceUri: hasOtlpHeaders ? '${keyVault.outputs.uri}secrets/otlp-headers' : ''
  }
}

module alerts 'modules/alerts.bicep' = if (!empty(alertEmail)) {
  name: 'alerts'
  scope: resources
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
  }
}

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = resources.name

@description('The function app: what a package is deployed to.')
output AZURE_FUNCTION_APP_NAME string = functionApp.outputs.name

@description('Where azd pushes the image of the upload lane.')
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = laneEnabled ? images!.outputs.loginServer : ''

@description('Where docker logs in.')
output REGISTRY_URL string = functionApp.outputs.url

@description('Where uploads go; empty without the lane.')
output REGISTRY_LANE_URL string = laneEnabled ? lane!.outputs.url : ''

@description('The storage account of the content.')
output REGISTRY_CONTENT_ACCOUNT string = contentStorage.outputs.name

@description('The vault with the secrets that were given.')
output REGISTRY_KEY_VAULT string = keyVault.outputs.name

@description('The workspace with the logs and the saved queries.')
output REGISTRY_LOG_WORKSPACE string = monitoring.outputs.workspaceName
