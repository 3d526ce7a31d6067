/** An alert as Alertmanager sends it to a webhook. */
export const alert = (overrides: Record<string, unknown> = {}) => ({
  status: 'firing',
  labels: { alertname: 'VigiaChecksLate', severity: 'critical', percentile: '99' },
  annotations: {
    summary: 'Checks begin too late',
    summary_pt_br: 'As verificações começam com atraso',
    runbook_url: 'https://vigia.example/runbook#vigiacheckslate',
    dashboard_url: 'https://grafana.example/d/vigia-checks',
  },
  startsAt: '2026-11-21T12:00:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus:9090/graph',
  fingerprint: '0123456789abcdef',
  ...overrides,
})

/** A group of alerts, as the body of Alertmanager's request. */
export const payload = (overrides: Record<string, unknown> = {}) => ({
  version: '4',
  groupKey: '{}:{alertname="VigiaChecksLate"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'vigia',
  groupLabels: { alertname: 'VigiaChecksLate' },
  commonLabels: { alertname: 'VigiaChecksLate', severity: 'critical' },
  commonAnnotations: {},
  externalURL: 'http://alertmanager:9093',
  alerts: [alert()],
  ...overrides,
})

export const resolved = payload({
  status: 'resolved',
  alerts: [alert({ status: 'resolved', endsAt: '2026-11-21T12:20:00Z' })],
})
