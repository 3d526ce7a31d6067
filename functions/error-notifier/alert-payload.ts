import { createHash } from 'node:crypto'
import { cleanLine } from '#database/clean-text.ts'
import type { AlertStatus, GroupedAlert, NoticeContent } from '#database/operations/operator-notices.ts'
import { Permanent } from '#functions/host/errors.ts'
import { isTooDeep } from '#functions/host/json-depth.ts'
import { redact } from '#functions/host/redact.ts'

/** The present state of one group of alerts. */
export interface AlertNotice {
  /** `alert` and twelve hex digits of a hash of Alertmanager's key of the group. */
  fingerprint: string
  content: NoticeContent
}

/** A message shows at most this many alerts of a group. */
const maxShown = 10
const maxLabels = 6
const maxLabelLength = 80
const maxSummaryLength = 300
const maxUrlLength = 500

/** Labels that Prometheus adds, and labels that the message shows elsewhere. */
const hiddenLabels = new Set(['alertname', 'severity', 'prometheus', 'endpoint', 'container'])
const secretName = /token|secret|passw|pwd|api_?key|credential|authorization/i

/**
 * Reads the body that Alertmanager posts to a webhook
 * (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4). Missing texts and times are
 * allowed, and an alert with an unknown status counts as firing, because a message with less is better than none.
 * Throws Permanent if the body is not of version 4, or its group or its alerts are missing.
 */
export const alertNoticeOf = (body: Buffer): AlertNotice => {
  const payload = jsonObject(body)
  const { version, groupKey, truncatedAlerts } = payload
  if (version !== '4')
    throw new Permanent(`version is ${printed(version)}; only version "4" of Alertmanager's webhook is supported`)
  if (typeof groupKey !== 'string' || groupKey === '')
    throw new Permanent(`groupKey is ${printed(groupKey)}; it must be the key of the group`)
  if (!Array.isArray(payload.alerts) || payload.alerts.length === 0)
    throw new Permanent(`alerts is ${printed(payload.alerts)}; it must be a list with at least one alert`)
  const wrong = payload.alerts.findIndex(alert => !isObject(alert) || !isObject(alert.labels))
  if (wrong >= 0) throw new Permanent(`alerts.${wrong} is not an alert with labels`)

  const alerts = (payload.alerts as Fields[]).map(alertOf)
  const isFiring = alerts.some(({ status }) => status === 'firing') || payload.status === 'firing'
  const shown = alerts.toSorted((a, b) => compare(a.status, b.status) || compare(a.labels, b.labels)).slice(0, maxShown)
  const labels = (payload.alerts as Fields[]).map(alert => alert.labels as Fields)
  const severity = only(labels, 'severity')
  return {
    fingerprint: `alert${createHash('sha256').update(groupKey).digest('hex').slice(0, 12)}`,
    content: {
      title: only(labels, 'alertname') || 'Alertmanager',
      subject: [severity, shown[0]!.labels].filter(Boolean).join(' · '),
      code: null,
      reason: shown[0]!.summary.en,
      alerts: {
        status: isFiring ? 'firing' : 'resolved',
        severity,
        shown,
        more: alerts.length - shown.length + countOf(truncatedAlerts),
      },
    },
  }
}

type Fields = Record<string, unknown>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const jsonObject = (body: Buffer): Fields => {
  if (isTooDeep(body)) throw new Permanent('the body is nested too deep')
  let payload: unknown
  try {
    payload = JSON.parse(body.toString())
  } catch {
    throw new Permanent('the body is not JSON')
  }
  if (!isObject(payload)) throw new Permanent('the body is not a JSON object')
  return payload
}

const alertOf = (alert: Fields): GroupedAlert => {
  const labels = alert.labels as Fields
  const annotations = isObject(alert.annotations) ? alert.annotations : {}
  const status: AlertStatus = alert.status === 'resolved' ? 'resolved' : 'firing'
  const english = summaryOf(annotations, 'summary') || summaryOf(annotations, 'description')
  const startedAt = instantOf(alert.startsAt)
  return {
    status,
    labels: Object.keys(labels)
      .filter(name => !hiddenLabels.has(name))
      .toSorted()
      .slice(0, maxLabels)
      .map(name => `${cleanLine(name, maxLabelLength)}=${labelOf(labels, name)}`)
      .join(', '),
    summary: { 'pt-BR': summaryOf(annotations, 'summary_pt_br') || english, en: english },
    startedAt,
    endedAt: status === 'resolved' && startedAt !== null ? instantOf(alert.endsAt) : null,
    runbook: urlOf(annotations.runbook_url),
    dashboard: urlOf(annotations.dashboard_url),
  }
}

const labelOf = (labels: Fields, name: string) =>
  secretName.test(name) ? '[redacted]' : textOf(labels[name], maxLabelLength)

const summaryOf = (annotations: Fields, name: string) => textOf(annotations[name], maxSummaryLength)

/** The text without secrets. It is shortened last, because a secret that was cut would no longer be recognised. */
const textOf = (value: unknown, longest: number): string =>
  typeof value === 'string' ? cleanLine(redact(cleanLine(value, 10 * longest)), longest) : ''

/** The values of a label in the group, without repetitions: at most three of them, with commas in between. */
const only = (alerts: readonly Fields[], name: string): string => {
  const values = new Set(alerts.map(labels => textOf(labels[name], maxLabelLength)).filter(value => value !== ''))
  return [...values].toSorted().slice(0, 3).join(', ')
}

/** RFC 3339 text, or null. Alertmanager writes the year 1 for an unknown time. */
const instantOf = (value: unknown): string | null => {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return ms > 0 ? new Date(ms).toISOString() : null
}

const urlOf = (value: unknown): string | null => {
  if (typeof value !== 'string' || value.length > maxUrlLength || !URL.canParse(value)) return null
  return /^https?:$/.test(new URL(value).protocol) ? redact(value) : null
}

const countOf = (value: unknown): number => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0)

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))

const printed = (value: unknown) => cleanLine(redact(JSON.stringify(value) ?? 'missing'), 60)
