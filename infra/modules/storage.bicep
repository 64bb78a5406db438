metadata description = 'A storage account that takes identities only, with one container.'

@description('Its name, unique in the world.')
@minLength(3)
@maxLength(24)
param name string

@description('The region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Its redundancy.')
param sku string

@description('For how many days deleted blobs can be brought back; 0 for not at all.')
param softDeleteDays int

@description('The container.')
param containerName string

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true

    // Clients that pull come here by signed URLs, from wherever they are. docs/operate.md has the steps that close it.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
  }
}

// No versioning and no change feed: content is written once under a name that is never used again, so there is nothing to version,
// and a version of it would be billed.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: false
    changeFeed: {
      enabled: false
    }
    deleteRetentionPolicy: softDeleteDays > 0 ? {
      enabled: true
      days: softDeleteDays
    } : {
      enabled: false
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: containerName
  properties: {
    publicAccess: 'None'
  }
}

@description('Its name.')
output name string = account.name

@description('The blob service, with a slash at the end.')
output blobServiceUri string = account.properties.primaryEndpoints.blob

@description('The table service, with a slash at the end.')
output tableServiceUri string = account.properties.primaryEndpoints.table
