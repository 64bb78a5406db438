metadata description = 'Tells somebody when the registry fails, its collector does not run, content is damaged, or somebody guesses passwords.'

@description('The region.')
param location string

@description('Tags of every resource.')
param tags object

@description('The workspace that is asked.')
param workspaceId string

@description('Who is told.')
param email string

// Each query has a row when something is wrong, and none otherwise. The silence of a collector is wrong too.
var alerts = [
  {
    name: 'registry-5xx'
    displayName: 'The registry answers 5xx'
    description: 'More than one request in fifty, and more than five in all, of the last 15 minutes failed on the registry\'s side.'
    query: loadTextContent('../queries/alert-5xx.kql')
    frequency: 'PT15M'
    window: 'PT15M'
    severity: 1
  }
  {
    name: 'registry-collector'
    displayName: 'The registry\'s collector failed or did not run'
    description: 'Its timer asks every ten minutes whether a run is due; in the last three hours that did not once end well. Abandoned uploads pile up.'
    query: loadTextContent('../queries/alert-collector.kql')
    frequency: 'PT1H'
    window: 'PT3H'
    severity: 2
  }
  {
    name: 'registry-verification'
    displayName: 'Content of the registry is damaged'
    description: 'A verification found content that is corrupt or missing: docs/operate.md says what to do.'
    query: loadTextContent('../queries/alert-verification.kql')
    frequency: 'PT1H'
    window: 'PT1H'
    severity: 1
  }
  {
    name: 'registry-failed-logins'
    displayName: 'Many failed logins at the registry'
    description: 'More than 50 in 15 minutes.'
    query: loadTextContent('../queries/alert-failed-logins.kql')
    frequency: 'PT15M'
    window: 'PT15M'
    severity: 2
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-registry'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'registry'
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in alerts: {
  name: alert.name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: alert.displayName
    description: alert.description
    severity: alert.severity
    enabled: true
    scopes: [
      workspaceId
    ]
    evaluationFrequency: alert.frequency
    windowSize: alert.window

    // A table is made by the first row that it gets, and that may come after the rule.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: alert.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: [
        group.id
      ]
    }
  }
}]
