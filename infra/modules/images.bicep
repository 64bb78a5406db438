metadata description = 'Where the image of the upload lane is. A registry cannot pull its own image from itself while it is not running; this is the one resource that costs the same each day.'

@description('Its name, unique in the world.')
param name string

@description('The region.')
param location string

@description('Tags of every resource.')
param tags object

resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Basic'
  }
  properties: {
    adminUserEnabled: false
  }
}

@description('Its name.')
output name string = images.name

@description('Its host name.')
output loginServer string = images.properties.loginServer
