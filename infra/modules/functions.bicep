metadata description = 'The function app: Flex Consumption, Linux, a custom handler, its package in a container that it reads with its identity.'

@description('The plan.')
param planName string

@description('The function app, unique in the world: it is part of the default host name.')
param name string

@description('The region.')
param location string

@description('Tags of every resource.')
param tags object

@description('The identity\'s resource id.')
param identityId string

@description('The identity\'s client id.')
param identityClientId string

@description('The storage account of the Functions host.')
param hostAccountName string

@description('The container that packages are deployed to.')
param packageContainerUri string

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('How many instances there are at most.')
param maximumInstances int

@description('How many requests an instance gets at once.')
param httpConcurrency int

@description('How many instances are always running.')
param alwaysReadyInstances int

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

@description('What the registry is called from outside; empty for relative URLs.')
param publicBaseUrl string

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

@description('Where the handler\'s OpenTelemetry goes; empty for nowhere.')
param otlpEndpoint string

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
  Registry__Auth__Enabled: 'true'
  Registry__Auth__Admin__Name: adminName
}

// An empty setting would be one, so what is not given is left out.
var publicUrlSettings = empty(publicBaseUrl) ? {} : {
  Registry__PublicBaseUrl: publicBaseUrl
}
var uploadSettings = empty(uploadsUrl) ? {} : {
  Registry__Uploads__PublicBaseUrl: uploadsUrl
}
var adminSettings = empty(adminReferenceUri) ? {} : {
  Registry__Auth__Admin__Password: '@Microsoft.KeyVault(SecretUri=${adminReferenceUri})'
}
var federationSettings = empty(federationReferenceUri) ? {} : {
  Registry__Auth__Federation: '@Microsoft.KeyVault(SecretUri=${federationReferenceUri})'
}
var otlpSettings = empty(otlpEndpoint) ? {} : {
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf'
}
var otlpHeaderSettings = empty(otlpHeadersReferenceUri) ? {} : {
  OTEL_EXPORTER_OTLP_HEADERS: '@Microsoft.KeyVault(SecretUri=${otlpHeadersReferenceUri})'
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'registry'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances > 0 ? [
          {
            name: 'http'
            instanceCount: alwaysReadyInstances
          }
        ] : []
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
  }
}

// All of them, always: a deployment replaces the whole set.
resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: site
  name: 'appsettings'
  properties: union(platformSettings, identitySettings, registrySettings, publicUrlSettings, uploadSettings, adminSettings, federationSettings, otlpSettings, otlpHeaderSettings)
}

// Packages are deployed by people and pipelines with an identity, never with the site's own password.
resource noPasswordForPackages 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

resource noPasswordForFiles 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

@description('The function app.')
output name string = site.name
