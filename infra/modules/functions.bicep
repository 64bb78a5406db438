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

@description('What the registry is called from outside; empty for its default host name.')
param publicBaseUrl string

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

    // Flex Consumption refuses what does not apply to it (error 51021), FTP among it: only what it knows stands here.
    siteConfig: {
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

// Packages are deployed by people and pipelines with an identity, never with the site's own password.
resource noPasswordForPackages 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

@description('The function app.')
output name string = site.name

@description('What the registry is called from outside. The platform is asked, since it may put something of its own into the default host name.')
output url string = empty(publicBaseUrl) ? 'https://${site.properties.defaultHostName}' : publicBaseUrl
