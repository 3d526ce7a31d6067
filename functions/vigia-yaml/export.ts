import { stringify } from 'yaml'
import type { Chat } from '#database/chats/chats.ts'
import type { StatusPage } from '#database/pages/status-pages.ts'
import type { ConfiguredMonitor } from '#database/uptime/configured-monitors.ts'
import type { ConfiguredWindow } from '#database/uptime/configured-windows.ts'
import type { ConfiguredWebhook } from '#database/webhooks/configured-webhooks.ts'
import { defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'
import { defaultIntervalS, defaultTimeoutS } from '#functions/checks/interval-and-timeout.ts'
import { formatDuration } from './duration.ts'
import { pageEntries } from './export-pages.ts'
import type { ChatEntry, MonitorEntry, VigiaYaml, WebhookEntry, WindowEntry } from './file-schema.ts'
import { newKey } from './new-key.ts'
import { kindOfUrl, shortName } from './target-of.ts'

/**
 * The file that describes chats and their monitors as they are. Values that are the defaults are left out. A monitor
 * that was added in the chat gets a key; applying the file then lets the file take over this monitor. Secrets are not
 * in the file; it says that Vigia keeps them.
 */
export const exportedFile = (
  chats: readonly Chat[],
  monitors: readonly ConfiguredMonitor[],
  windows: readonly ConfiguredWindow[],
  pages: readonly StatusPage[],
  webhooks: readonly ConfiguredWebhook[],
): VigiaYaml => ({
  chats: chats.map(chat =>
    chatEntry(
      chat,
      monitors.filter(({ chatId }) => chatId === chat.id),
      windows.filter(({ chatId }) => chatId === chat.id),
      pages.filter(({ chatId }) => chatId === chat.id),
      webhooks.filter(({ chatId }) => chatId === chat.id),
    ),
  ),
})

/** The file as text. */
export const fileText = (file: VigiaYaml): string => stringify(file, { lineWidth: 120 })

const chatEntry = (
  { id, language, zone }: Chat,
  monitors: readonly ConfiguredMonitor[],
  windows: readonly ConfiguredWindow[],
  pages: readonly StatusPage[],
  webhooks: readonly ConfiguredWebhook[],
): ChatEntry => {
  const keys = new Set(monitors.flatMap(({ key }) => key ?? []))
  const named = new Map(monitors.map(monitor => [monitor.id, monitor.key ?? newKey(wordsOf(monitor), keys)]))
  const topic = commonTopic(monitors)
  return {
    id,
    ...(topic !== null && { topic }),
    language,
    zone,
    ...(monitors.length > 0 && {
      monitors: Object.fromEntries(
        monitors.map(monitor => [named.get(monitor.id)!, monitorEntry(monitor, named, topic)]),
      ),
    }),
    ...(windows.length > 0 && {
      windows: Object.fromEntries(windows.map(window => [window.key, windowEntry(window, named)])),
    }),
    ...(pages.length > 0 && { pages: pageEntries(pages, named) }),
    ...(webhooks.length > 0 && { webhooks: webhookEntries(webhooks) }),
  }
}

/** Webhooks as entries of the file. Their secrets stay as they are. */
const webhookEntries = (webhooks: readonly ConfiguredWebhook[]): Record<string, WebhookEntry> => {
  const keys = new Set(webhooks.flatMap(({ key }) => key ?? []))
  return Object.fromEntries(
    webhooks.map(({ key, url, page }) => [
      key ?? newKey(new URL(url).hostname, keys),
      { url, ...(page !== null && { page }) },
    ]),
  )
}

/** What a key is made of. That of a heartbeat is the name in its URL, so that the file takes over the heartbeat. */
const wordsOf = ({ kind, name, url }: ConfiguredMonitor) =>
  kind === 'heartbeat' ? url.slice(url.indexOf(':') + 1) : name

/** The topic of the chat in the file: the one that most of its monitors have. */
const commonTopic = (monitors: readonly ConfiguredMonitor[]): number | null => {
  const counts = [...Map.groupBy(monitors, ({ threadId }) => threadId)]
  return counts.toSorted(([, one], [, other]) => other.length - one.length)[0]?.[0] ?? null
}

const monitorEntry = (
  monitor: ConfiguredMonitor,
  keys: ReadonlyMap<number, string>,
  topic: number | null,
): MonitorEntry => {
  const { kind, url, name, intervalS, timeoutMs, confirmations, recoveries, group, parentId, isPaused } = monitor
  const parent = parentId === null ? undefined : keys.get(parentId)
  const secrets = Object.keys(monitor.secrets)
  return {
    ...(name !== shortName(keys.get(monitor.id)!, kind, url) && { name }),
    ...(kind !== kindOfUrl(url) && { kind }),
    ...(kind !== 'heartbeat' && { url }),
    ...(kind !== 'heartbeat' && intervalS !== defaultIntervalS && { interval: formatDuration(intervalS * 1000) }),
    ...(kind !== 'heartbeat' &&
      timeoutMs !== defaultTimeoutS(intervalS) * 1000 && { timeout: formatDuration(timeoutMs) }),
    ...(confirmations !== defaultConfirmations && { confirmations }),
    ...(recoveries !== defaultRecoveries && { recoveries }),
    ...(monitor.reminder !== 'off' && { reminder: monitor.reminder }),
    ...(group !== null && { group }),
    ...(parent !== undefined && { parent }),
    ...(monitor.threadId !== topic && { topic: monitor.threadId }),
    ...(isPaused && { paused: true }),
    ...(Object.keys(monitor.settings).length > 0 && { settings: monitor.settings }),
    ...(secrets.length > 0 && {
      secrets: Object.fromEntries(secrets.map(secret => [secret, { stored: true as const }])),
    }),
  }
}

/** A window that happens once is written in UTC. */
const windowEntry = (
  { title, monitorId, groupName, repetition, once }: ConfiguredWindow,
  keys: ReadonlyMap<number, string>,
): WindowEntry => {
  const monitor = monitorId === null ? undefined : keys.get(monitorId)
  const minute = (at: Date) => at.toISOString().slice(0, 16)
  return {
    ...(title !== '' && { title }),
    ...(monitor !== undefined && { monitor }),
    ...(groupName !== null && { group: groupName }),
    ...(repetition !== null && {
      zone: repetition.zone,
      cron: repetition.cron,
      duration: formatDuration(repetition.durationS * 1000),
    }),
    ...(once !== null && { from: minute(once.startsAt), to: minute(once.endsAt) }),
  }
}
