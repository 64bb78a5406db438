metadata description = 'What the upload lane may do: less than the function app. It signs no URLs, and the Functions host\'s storage is none of its business.'

@description('The identity of the lane.')
param principalId string

@description('The storage account of the content.')
param contentAccountName string

@description('The container of the content.')
param contentContainer string

@description('The vault.')
param vaultName string

@description('Whether the lane is given the one secret that it has a use for. The others it cannot read.')
param readsOtlpHeaders bool

@description('The registry that has the lane\'s image.')
param imageRegistryName string

// Built-in roles: the same in every tenant.
var roles = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}

resource contentAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: contentAccountName
}

resource contentBlobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' existing = {
  parent: contentAccount
  name: 'default'
}

resource content 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' existing = {
  parent: contentBlobs
  name: contentContainer
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource otlpHeaders 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = {
  parent: vault
  name: 'otlp-headers'
}

resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: imageRegistryName
}

resource readsAndWritesContent 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(content.id, principalId, roles.storageBlobDataContributor)
  scope: content
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

resource readsAndWritesTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(contentAccount.id, principalId, roles.storageTableDataContributor)
  scope: contentAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataContributor)
  }
}

resource readsOneSecret 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (readsOtlpHeaders) {
  name: guid(otlpHeaders.id, principalId, roles.keyVaultSecretsUser)
  scope: otlpHeaders
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

resource pullsItsImage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(images.id, principalId, roles.acrPull)
  scope: images
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.acrPull)
  }
}
