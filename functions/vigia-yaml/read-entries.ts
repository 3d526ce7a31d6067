import { Ajv, type ValidateFunction } from 'ajv'
import { defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'
import { heartbeatMonitor } from '#functions/checks/heartbeat.ts'
import {
  defaultIntervalS,
  defaultTimeoutS,
  maxIntervalS,
  maxTimeoutS,
  minIntervalS,
} from '#functions/checks/interval-and-timeout.ts'
import type { Settings } from '#functions/checks/settings.ts'
import { type SettingsKind, settingsSchemas } from '#functions/checks/settings-schemas.ts'
import type { YamlPath } from '#infra/files/yaml-lines.ts'
import type { DesiredChat, DesiredMonitor, DesiredWebhook, DesiredWindow, SecretValue } from './desired.ts'
import { didYouMean } from './did-you-mean.ts'
import { formatDuration, parseDuration } from './duration.ts'
import {
  type ChatEntry,
  type FileSchemas,
  fileSchemas,
  type GivenSecret,
  type MonitorEntry,
  requestSchemas,
  type VigiaYaml,
} from './file-schema.ts'
import { type ReadPicture, readPage } from './read-page.ts'
import { readWebhook } from './read-webhook.ts'
import { isZone, readWindow } from './read-window.ts'
import { type Fault, schemaFaults } from './schema-faults.ts'
import { ruleFaults } from './settings-rules.ts'
import { targetOf } from './target-of.ts'

/** What the entries of the file need from outside. */
export interface Outside {
  /** Whether an address may be checked. */
  mayDial(address: string): boolean
  /** The schemas of the file: those of vigia.yaml, or those of a request. */
  schemas: FileSchemas
  /** How a secret is written, for messages: `{env: NAME}`. */
  secretExample: string
  /** The value of a secret, or why it cannot be read. */
  readSecret(source: GivenSecret): { value: string } | { reason: string }
  readPicture: ReadPicture
}

/** How secrets are written in a file, and in a request to the API. */
export const fileForms = { schemas: fileSchemas, secretExample: '{env: NAME}' }
export const requestForms = { schemas: requestSchemas, secretExample: '{value: …}' }

/**
 * Reads the value of the whole file: checks it by the schemas and by the rules that no schema can express, and fills in
 * the defaults. If there are faults, the chats are not complete.
 */
export const readEntries = async (
  value: unknown,
  outside: Outside,
): Promise<{ chats: DesiredChat[]; faults: Fault[] }> => {
  const isValid = fileValidator(outside.schemas)
  if (!isValid(value)) return { chats: [], faults: schemaFaults(isValid.errors ?? []) }
  const faults: Fault[] = []
  const seen = new Set<number>()
  const chats: DesiredChat[] = []
  for (const [index, entry] of value.chats.entries()) {
    const path: YamlPath = ['chats', index]
    if (seen.has(entry.id))
      faults.push({ path: [...path, 'id'], reason: `is ${entry.id} a second time; put its monitors into one entry` })
    seen.add(entry.id)
    chats.push(await readChat(entry, outside, (at, reason) => faults.push({ path: [...path, ...at], reason })))
  }
  return { chats, faults }
}

type Report = (path: YamlPath, reason: string) => void

/** Makes validators whose errors `schemaFaults` understands. */
export const compiler = () => new Ajv({ allErrors: true, verbose: true })
const compiledFiles = new Map<FileSchemas, ValidateFunction<VigiaYaml>>()
const fileValidator = (schemas: FileSchemas): ValidateFunction<VigiaYaml> => {
  const isValid = compiledFiles.get(schemas) ?? compiler().compile<VigiaYaml>(schemas.VigiaYaml)
  compiledFiles.set(schemas, isValid)
  return isValid
}
const compiledSettings = new Map<string, ValidateFunction>()

const readChat = async (entry: ChatEntry, outside: Outside, report: Report): Promise<DesiredChat> => {
  const { id, topic = null, language, zone, monitors = {}, windows = {}, pages = {}, webhooks = {} } = entry
  if (zone !== undefined && !isZone(zone))
    report(
      ['zone'],
      `${JSON.stringify(zone)} is not a time zone${didYouMean(zone, Intl.supportedValuesOf('timeZone')) || '; write it like America/Sao_Paulo'}`,
    )
  const read: DesiredMonitor[] = []
  for (const [key, monitor] of Object.entries(monitors))
    read.push(
      await readMonitor(key, { topic, ...monitor }, outside, (path, reason) =>
        report(['monitors', key, ...path], reason),
      ),
    )
  for (const [key, reason] of parentFaults(monitors)) report(['monitors', key, 'parent'], reason)
  const readWindows: DesiredWindow[] = []
  for (const [key, window] of Object.entries(windows))
    readWindows.push(
      await readWindow(key, window, monitors, (path, reason) => report(['windows', key, ...path], reason)),
    )
  const readPages = Object.entries(pages).map(([slug, page]) =>
    readPage(slug, page, Object.keys(monitors), outside.readPicture, (path, reason) =>
      report(['pages', slug, ...path], reason),
    ),
  )
  const readWebhooks: DesiredWebhook[] = []
  for (const [key, webhook] of Object.entries(webhooks))
    readWebhooks.push(
      await readWebhook(key, webhook, Object.keys(pages), outside, (path, reason) =>
        report(['webhooks', key, ...path], reason),
      ),
    )
  return {
    ...{ id, language: language ?? null, zone: zone ?? null },
    ...{ monitors: read, windows: readWindows, pages: readPages, webhooks: readWebhooks },
  }
}

const readMonitor = async (
  key: string,
  entry: MonitorEntry,
  outside: Outside,
  report: Report,
): Promise<DesiredMonitor> => {
  const target = targetOf(key, entry, outside.mayDial)
  if ('reason' in target) report(target.field === null ? [] : [target.field], target.reason)
  const { kind, url, name } = 'reason' in target ? { kind: entry.kind ?? null, url: '', name: key } : target
  const settings = entry.settings ?? {}
  const { intervalS, timeoutMs } = kind === 'heartbeat' ? heartbeatTiming(entry, report) : timing(entry, report)
  if (kind !== null)
    for (const { path, reason } of await settingsFaults(kind, settings, Object.keys(entry.secrets ?? {}), outside))
      report(path, reason)
  return {
    key,
    name: entry.name ?? name,
    kind: (kind ?? 'http') as DesiredMonitor['kind'],
    url,
    intervalS,
    timeoutMs,
    confirmations: entry.confirmations ?? defaultConfirmations,
    recoveries: entry.recoveries ?? defaultRecoveries,
    reminder: entry.reminder ?? 'off',
    group: entry.group ?? null,
    parentKey: entry.parent ?? null,
    isPaused: entry.paused ?? false,
    threadId: entry.topic ?? null,
    settings,
    secrets: readSecrets(entry.secrets ?? {}, outside, report),
  }
}

/** What is wrong with the settings of a kind: first by its schema, then by the rules that no schema can express. */
const settingsFaults = async (
  kind: string,
  settings: Settings,
  secrets: readonly string[],
  { secretExample }: Pick<Outside, 'secretExample'>,
): Promise<Fault[]> => {
  const isValid = compiledSettings.get(kind) ?? compiler().compile(settingsSchemas[kind as SettingsKind])
  compiledSettings.set(kind, isValid)
  return isValid(settings)
    ? ruleFaults(kind, settings, secrets, secretExample)
    : schemaFaults(isValid.errors ?? [], ['settings'])
}

const timing = (entry: MonitorEntry, report: Report) => {
  const intervalS = intervalOf(entry, report)
  return { intervalS, timeoutMs: timeoutOf(entry, intervalS, report) }
}

/** A heartbeat has no checks; its settings say when a ping is expected. */
const heartbeatTiming = ({ interval, timeout, settings = {} }: MonitorEntry, report: Report) => {
  const reason = 'is not possible for a heartbeat; its settings say when a ping is expected'
  if (interval !== undefined) report(['interval'], reason)
  if (timeout !== undefined) report(['timeout'], reason)
  return heartbeatMonitor('', settings)
}

const intervalOf = ({ interval }: MonitorEntry, report: Report): number => {
  const ms = interval === undefined ? defaultIntervalS * 1000 : parseDuration(interval)!
  if (ms % 1000 !== 0 || ms < minIntervalS * 1000 || ms > maxIntervalS * 1000)
    report(
      ['interval'],
      `is ${interval}; it must be whole seconds from ${minIntervalS}s to ${formatDuration(maxIntervalS * 1000)}`,
    )
  return ms / 1000
}

/** The least that the table `monitor` accepts. */
const minTimeoutMs = 100

const timeoutOf = ({ timeout }: MonitorEntry, intervalS: number, report: Report): number => {
  const ms = timeout === undefined ? defaultTimeoutS(intervalS) * 1000 : parseDuration(timeout)!
  const longestMs = maxTimeoutS(intervalS) * 1000
  if (ms < minTimeoutMs || ms > longestMs)
    report(
      ['timeout'],
      `is ${timeout}; it must be from ${minTimeoutMs}ms to ${formatDuration(longestMs)} with this interval`,
    )
  return ms
}

const readSecrets = (secrets: NonNullable<MonitorEntry['secrets']>, { readSecret }: Outside, report: Report) =>
  Object.fromEntries(
    Object.entries(secrets).map(([name, source]): [string, SecretValue] => {
      if ('stored' in source) return [name, 'stored']
      const read = readSecret(source)
      if ('reason' in read) report(['secrets', name], read.reason)
      return [name, 'reason' in read ? 'stored' : read]
    }),
  )

/** The monitors whose parent does not exist, or that are their own parent in the end. */
const parentFaults = (monitors: Readonly<Record<string, MonitorEntry>>): [key: string, reason: string][] =>
  Object.entries(monitors).flatMap(([key, { parent }]): [string, string][] => {
    if (parent === undefined) return []
    if (!Object.hasOwn(monitors, parent)) {
      const others = Object.keys(monitors).filter(other => other !== key)
      return [[key, `${JSON.stringify(parent)} is not the key of a monitor of this chat${didYouMean(parent, others)}`]]
    }
    const chain = [key]
    for (let next: string | undefined = parent; next !== undefined; next = monitors[next]?.parent) {
      if (next === key) return [[key, `makes a circle: ${[...chain, key].join(' → ')}`]]
      if (chain.includes(next)) break
      chain.push(next)
    }
    return []
  })
