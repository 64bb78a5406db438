metadata description = 'The secrets that the deployment was given. What reads them is given a reference, not the secret.'

@description('Its name, unique in the world.')
@minLength(3)
@maxLength(24)
param name string

@description('The region.')
param location string

@description('Tags of every resource.')
param tags object

@description('The first administrator\'s password; empty to leave what is there.')
@secure()
param adminPassword string

@description('The federation, as JSON; empty to leave what is there.')
@secure()
param federation string

@description('Headers of the OTLP endpoint; empty to leave what is there.')
@secure()
param otlpHeaders string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true

    // Nothing here is the only copy of anything, so a week is enough, and the name can be used again after a purge.
    softDeleteRetentionInDays: 7
    publicNetworkAccess: 'Enabled'
  }
}

resource adminPasswordSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(adminPassword)) {
  parent: vault
  name: 'admin-password'
  properties: {
    value: adminPassword
    contentType: 'text/plain'
  }
}

resource federationSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(federation)) {
  parent: vault
  name: 'federation'
  properties: {
    value: federation
    contentType: 'application/json'
  }
}

resource otlpHeadersSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(otlpHeaders)) {
  parent: vault
  name: 'otlp-headers'
  properties: {
    value: otlpHeaders
    contentType: 'text/plain'
  }
}

@description('Its name.')
output name string = vault.name

@description('Its address, with a slash at the end.')
output uri string = vault.properties.vaultUri
