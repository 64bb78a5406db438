metadata description = 'The upload lane: the registry as a container without a limit for bodies, scaled to zero. It serves nothing but uploads that the function app sent there.'

@description('The environment of the container app.')
param environmentName string

@description('The container app.')
@maxLength(32)
param appName string

@description('The region.')
param location string

@description('Tags of every resource.')
param tags object

@description('The identity\'s resource id.')
param identityId string

@description('The identity\'s client id.')
param identityClientId string

@description('The workspace for its logs.')
param workspaceId string

@description('The registry that has its image.')
param imageRegistryServer string

@description('Its image; empty while there is none.')
param image string

@description('How many replicas run at most.')
param maximumReplicas int

@description('The blob service of the content.')
param blobServiceUri string

@description('The table service of the content.')
param tableServiceUri string

@description('The container of the content.')
param contentContainer string

@description('Where the rest of the registry is.')
param frontUrl string

@description('OpenTelemetry\'s own variables; empty for no telemetry of the lane.')
param otlpVariables object

@description('The scope of the tokens that telemetry carries; empty for none.')
param otlpScope string

@description('The secret with the headers of that endpoint; empty for none.')
param otlpHeadersReferenceUri string

// Listens on 8080 like ours, so that the first real image changes nothing but itself.
var placeholder = 'mcr.microsoft.com/dotnet/samples:aspnetapp'
var hasImage = !empty(image)

var identitySettings = [
  {
    name: 'AZURE_CLIENT_ID'
    value: identityClientId
  }
  {
    name: 'AZURE_TOKEN_CREDENTIALS'
    value: 'ManagedIdentityCredential'
  }
]

var registrySettings = [
  {
    name: 'ASPNETCORE_HTTP_PORTS'
    value: '8080'
  }
  {
    name: 'Registry__Storage__Driver'
    value: 'azure'
  }
  {
    name: 'Registry__Storage__BlobServiceUri'
    value: blobServiceUri
  }
  {
    name: 'Registry__Storage__TableServiceUri'
    value: tableServiceUri
  }
  {
    name: 'Registry__Storage__Container'
    value: contentContainer
  }
  {
    name: 'Registry__PublicBaseUrl'
    value: frontUrl
  }
  {
    name: 'Registry__Auth__Enabled'
    value: 'true'
  }
  {
    name: 'Registry__Uploads__Lane'
    value: 'true'
  }
]

var telemetrySettings = empty(otlpScope) ? [] : [
  {
    name: 'Registry__Telemetry__TokenScope'
    value: otlpScope
  }
]

var otlpSettings = [for variable in items(otlpVariables): {
  name: variable.key
  value: variable.value
}]

var otlpHeaderSettings = empty(otlpHeadersReferenceUri) ? [] : [
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS'
    secretRef: 'otlp-headers'
  }
]

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    // Not by the workspace's key, but by the diagnostic setting below.
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: appName
  location: location
  tags: union(tags, {
    'azd-service-name': 'lane'
  })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    managedEnvironmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 3
      ingress: {
        external: true
        allowInsecure: false
        targetPort: 8080
        transport: 'http'
      }
      registries: [
        {
          server: imageRegistryServer
          identity: identityId
        }
      ]
      secrets: empty(otlpHeadersReferenceUri) ? [] : [
        {
          name: 'otlp-headers'
          keyVaultUrl: otlpHeadersReferenceUri
          identity: identityId
        }
      ]
    }
    template: {
      // An upload that is under way when a replica goes has this long to end; one that has not goes on from its last checkpoint.
      terminationGracePeriodSeconds: 240
      containers: [
        {
          name: 'registry'
          image: hasImage ? image : placeholder
          env: concat(identitySettings, registrySettings, telemetrySettings, otlpSettings, otlpHeaderSettings)
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          probes: hasImage ? [
            {
              type: 'Liveness'
              periodSeconds: 30
              failureThreshold: 3
              httpGet: {
                path: '/health'
                port: 8080
              }
            }
            {
              // The platform takes no threshold above 10. What cannot reach its storage for 20 seconds ends by itself.
              type: 'Startup'
              periodSeconds: 2
              failureThreshold: 10
              httpGet: {
                path: '/health'
                port: 8080
              }
            }
          ] : []
        }
      ]
      scale: {
        minReplicas: 0
        maxReplicas: maximumReplicas
        rules: [
          {
            name: 'uploads'
            http: {
              metadata: {
                concurrentRequests: '16'
              }
            }
          }
        ]
      }
    }
  }
}

@description('Where uploads are sent.')
output url string = 'https://${app.properties.configuration.ingress.fqdn}'
