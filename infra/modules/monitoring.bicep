metadata description = 'Logs, Application Insights on top of them, the storage account\'s own counts, and the saved queries.'

@description('The Log Analytics workspace.')
param workspaceName string

@description('Application Insights.')
param componentName string

@description('The region.')
param location string

@description('Tags of every resource.')
param tags object

@description('How long logs are kept, in days.')
param retentionDays int

@description('The most that is taken in a day, in GB.')
param dailyQuotaGB int

@description('The storage account whose transactions and bytes are recorded.')
param contentAccountName string

var category = 'Registry'
var queries = [
  {
    name: 'registry-pushes-and-pulls'
    displayName: 'Pushes and pulls'
    query: loadTextContent('../queries/pushes-and-pulls.kql')
  }
  {
    name: 'registry-errors'
    displayName: 'Errors'
    query: loadTextContent('../queries/errors.kql')
  }
  {
    name: 'registry-latency'
    displayName: 'Latency'
    query: loadTextContent('../queries/latency.kql')
  }
  {
    name: 'registry-storage'
    displayName: 'Storage transactions and bytes'
    query: loadTextContent('../queries/storage.kql')
  }
  {
    name: 'registry-cold-starts'
    displayName: 'Cold starts'
    query: loadTextContent('../queries/cold-starts.kql')
  }
  {
    name: 'registry-logins'
    displayName: 'Failed logins'
    query: loadTextContent('../queries/failed-logins.kql')
  }
  {
    name: 'registry-collector'
    displayName: 'Collector'
    query: loadTextContent('../queries/collector.kql')
  }
  {
    name: 'registry-request'
    displayName: 'One request, host and handler'
    query: loadTextContent('../queries/one-request.kql')
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionDays
    workspaceCapping: {
      dailyQuotaGb: dailyQuotaGB
    }
    features: {
      disableLocalAuth: true
    }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    IngestionMode: 'LogAnalytics'

    // Only identities with a role send telemetry, so that the connection string is an address and no secret.
    DisableLocalAuth: true
  }
}

resource contentAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: contentAccountName
}

resource contentBlobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' existing = {
  parent: contentAccount
  name: 'default'
}

resource contentTables 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' existing = {
  parent: contentAccount
  name: 'default'
}

resource blobMetrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'transactions'
  scope: contentBlobs
  properties: {
    workspaceId: workspace.id
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

resource tableMetrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'transactions'
  scope: contentTables
  properties: {
    workspaceId: workspace.id
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

resource savedQueries 'Microsoft.OperationalInsights/workspaces/savedSearches@2020-08-01' = [for query in queries: {
  parent: workspace
  name: query.name
  properties: {
    category: category
    displayName: query.displayName
    query: query.query
    version: 2
  }
}]

@description('The workspace\'s resource id.')
output workspaceId string = workspace.id

@description('The workspace\'s name.')
output workspaceName string = workspace.name

@description('Application Insights\' name.')
output componentName string = component.name

@description('Where telemetry goes. It lets nobody in: local authentication is off.')
output connectionString string = component.properties.ConnectionString
