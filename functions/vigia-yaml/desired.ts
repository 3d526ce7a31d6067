import type { Language } from '#database/chats/language.ts'
import type { LogoImage } from '#database/pages/logos.ts'
import type { PageAccess } from '#database/pages/status-pages.ts'
import type { MonitorKind } from '#database/uptime/monitors.ts'
import type { ReminderSetting } from '#database/uptime/told-states.ts'

/**
 * A secret of a monitor as the file gives it. `stored` keeps the value that the monitor has; it is a fault if the
 * monitor has none.
 */
export type SecretValue = { value: string } | 'stored'

/** A monitor as the file wants it, with every default filled in. */
export interface DesiredMonitor {
  key: string
  name: string
  kind: MonitorKind
  url: string
  intervalS: number
  timeoutMs: number
  confirmations: number
  recoveries: number
  reminder: ReminderSetting
  group: string | null
  /** The key of another monitor of the same chat. */
  parentKey: string | null
  isPaused: boolean
  /** The topic of the messages; null for General, and for a chat without topics. */
  threadId: number | null
  settings: Readonly<Record<string, unknown>>
  secrets: Readonly<Record<string, SecretValue>>
}

/** A maintenance window as the file wants it. */
export interface DesiredWindow {
  key: string
  title: string
  /** The key of the monitor that it is for; null for a group or the whole chat. */
  monitorKey: string | null
  group: string | null
  when: { cron: string; zone: string; durationS: number } | { startsAt: Date; endsAt: Date }
}

/** A status page as the file wants it. A language of null is the present one, or that of the chat. */
export interface DesiredPage {
  slug: string
  title: string
  language: Language | null
  access: PageAccess
  /** The host at whose root it is shown; null for none. */
  domain: string | null
  /** `kept`: the one that it has. */
  logo: LogoImage | 'none' | 'kept'
  components: { monitorKey: string; name: string | null; group: string | null }[]
}

/** A webhook as the file wants it. A secret of null is the present one, or is made. */
export interface DesiredWebhook {
  key: string
  url: string
  /** The name of the page that it is for; null for everything of the chat. */
  page: string | null
  secret: string | null
}

/** A chat as the file wants it. null: the file does not say, so the chat keeps what it has. */
export interface DesiredChat {
  id: number
  language: Language | null
  zone: string | null
  monitors: DesiredMonitor[]
  windows: DesiredWindow[]
  pages: DesiredPage[]
  webhooks: DesiredWebhook[]
}
