metadata description = 'What the function app may do, each role at the narrowest scope that works.'

@description('The identity of the function app.')
param principalId string

@description('The storage account of the content.')
param contentAccountName string

@description('The container of the content.')
param contentContainer string

@description('The storage account of the Functions host.')
param hostAccountName string

@description('Application Insights.')
param componentName string

@description('The vault.')
param vaultName string

// Built-in roles: the same in every tenant.
var roles = {
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageBlobDelegator: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
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

resource hostAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: hostAccountName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
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

// The key that signs URLs for pulls is the account's to give: the container is too narrow a scope for it. It lets nobody read more
// than the identity may read itself.
resource signsUrls 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(contentAccount.id, principalId, roles.storageBlobDelegator)
  scope: contentAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDelegator)
  }
}

// At the account, which has no other tables: a later version may add one.
resource readsAndWritesTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(contentAccount.id, principalId, roles.storageTableDataContributor)
  scope: contentAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataContributor)
  }
}

// The role that the platform documents for AzureWebJobsStorage by identity, at the account that is only the host's.
resource runsHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hostAccount.id, principalId, roles.storageBlobDataOwner)
  scope: hostAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}

// The host writes down in a table of that account why it or a function did not start: the portal and the platform's diagnosis show it from there.
resource writesDiagnosticEvents 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hostAccount.id, principalId, roles.storageTableDataContributor)
  scope: hostAccount
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataContributor)
  }
}

resource sendsTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, principalId, roles.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

resource readsSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, roles.keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}
