import type { Monitor } from '#database/uptime/monitors.ts'
import { type ReminderSetting, reminderSettings } from '#database/uptime/told-states.ts'
import { defaultConfirmations, defaultRecoveries } from '#events/probe-requested.ts'
import { defaultIntervalS, defaultTimeoutS, maxTimeoutS } from '#functions/checks/interval-and-timeout.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { folded } from '#functions/wording/fold.ts'
import type { BotMessages } from '../messages/messages.ts'
import { parseMonitorArgument, tcpAddressFor } from '../monitor-argument.ts'
import { readAddress, readInterval, readSlow, readTimeLimit } from '../monitor-fields.ts'
import { label } from '../pages.ts'
import { type Choice, type DraftChanges, type Drafting, type Field, none } from './field.ts'
import { requestFields } from './request-fields.ts'
import { settingsFields } from './settings-fields.ts'
import { tlsFields } from './tls-fields.ts'

/** The fields by name, in the order in which they are shown. */
export type FieldName = keyof BotMessages['wizard']['labels']

/** The kinds that the bot can set up, with the scheme of an address that was typed without one. */
const schemes: Partial<Record<Monitor['kind'], string>> = {
  ...{ http: 'https', tcp: 'tcp', tls: 'tls', dns: 'dns', ping: 'ping', websocket: 'wss', grpc: 'grpcs' },
}

const kind: Field = {
  isOffered: ({ draft }) => draft.monitorId === null,
  choices: ({ context: { messages } }) =>
    Object.keys(schemes).map(value => ({
      text: messages.wizard.kinds[value as keyof typeof messages.wizard.kinds],
      value,
    })),
  choose: ({ draft }, value) => {
    if (!Object.hasOwn(schemes, value)) return null
    // An address belongs to a kind, so another kind needs another address.
    return value === draft.content.kind
      ? {}
      : { kind: value as Monitor['kind'], url: undefined, name: undefined, settings: undefined }
  },
  // An address says its kind.
  read: (drafting, text) => address.read!(drafting, text),
  show: ({ context: { messages }, draft }) =>
    messages.wizard.kinds[draft.content.kind as keyof typeof messages.wizard.kinds] ?? null,
}

const address: Field = {
  isOffered: ({ draft }) => draft.monitorId === null,
  choices: () => [],
  choose: () => null,
  read: async ({ context, draft }, text) => {
    const parsed = parseMonitorArgument(text)
    const scheme = draft.content.kind && schemes[draft.content.kind]
    const isBare = !/^[a-z][a-z\d+.-]*:\/\//i.test(parsed.address)
    const tcp = isBare && draft.content.kind === undefined ? tcpAddressFor(parsed.address) : null
    const typed = tcp ?? (isBare && scheme && scheme !== 'https' ? `${scheme}://${parsed.address}` : parsed.address)
    const target = await readAddress(context, typed)
    if ('refusal' in target) return target
    const changes: DraftChanges = { ...target, ...(target.kind === draft.content.kind ? {} : { settings: undefined }) }
    if (parsed.interval !== '') {
      const interval = readInterval(context, parsed.interval)
      if ('refusal' in interval) return interval
      changes.intervalS = interval.intervalS
    }
    if (parsed.limit !== null) {
      const limit = readTimeLimit(
        context,
        parsed.limit,
        changes.intervalS ?? draft.content.intervalS ?? defaultIntervalS,
      )
      if ('refusal' in limit) return limit
      changes.timeoutMs = limit.timeoutS * 1000
    }
    const slow = readSlow(context, parsed.slow)
    if ('refusal' in slow) return slow
    const kept = target.kind === draft.content.kind ? draft.content.settings : undefined
    if (slow.slowMs !== undefined) changes.settings = { ...kept, ...slow }
    return changes
  },
  show: ({ draft }) => draft.content.url ?? null,
}

/** The longest name that vigia.yaml accepts. */
const maxName = 100

const name: Field = {
  isOffered: ({ draft }) => draft.content.url !== undefined,
  choices: () => [],
  choose: () => null,
  read: ({ context: { messages }, draft, monitors }, text) => {
    const wanted = text.replace(/\s+/g, ' ').trim()
    if (wanted === '' || [...wanted].length > maxName) return { refusal: messages.wizard.nameRefused(maxName) }
    // Messages and commands name a monitor, so two with the same name could not be told apart.
    const namesake = monitors.find(({ id, name }) => id !== draft.monitorId && folded(name) === folded(wanted))
    return namesake === undefined ? { name: wanted } : { refusal: messages.wizard.nameTaken(label(namesake.name)) }
  },
  show: ({ draft }) => draft.content.name ?? null,
}

const durations = ({ context: { chat } }: Drafting, seconds: readonly number[]): Choice[] =>
  seconds.map(value => ({ text: sayDuration(value * 1000, chat.language), value: String(value) }))

const intervalOf = ({ draft }: Drafting) => draft.content.intervalS ?? defaultIntervalS

/** A heartbeat has no checks: its job pings Vigia. */
const isChecked = ({ draft: { content } }: Drafting) => content.kind !== 'heartbeat'

const interval: Field = {
  isOffered: isChecked,
  choices: drafting => durations(drafting, [30, 60, 300, 900, 1800, 3600]),
  read: ({ context, draft }, text) => {
    const read = readInterval(context, text)
    if ('refusal' in read) return read
    const { timeoutMs } = draft.content
    // A time limit that no longer fits into the interval becomes the usual one; the review shows it.
    const fits = timeoutMs === undefined || timeoutMs <= maxTimeoutS(read.intervalS) * 1000
    return { intervalS: read.intervalS, ...(fits ? {} : { timeoutMs: undefined }) }
  },
  show: drafting => sayDuration(intervalOf(drafting) * 1000, drafting.context.chat.language),
}

const limit: Field = {
  isOffered: isChecked,
  choices: drafting =>
    durations(
      drafting,
      [2, 5, 10, 20, 30, 60, 120].filter(value => value <= maxTimeoutS(intervalOf(drafting))),
    ),
  read: (drafting, text) => {
    const read = readTimeLimit(drafting.context, text, intervalOf(drafting))
    return 'refusal' in read ? read : { timeoutMs: read.timeoutS * 1000 }
  },
  show: drafting =>
    sayDuration(
      drafting.draft.content.timeoutMs ?? defaultTimeoutS(intervalOf(drafting)) * 1000,
      drafting.context.chat.language,
    ),
}

/** A number of attempts, from 1 to 10 as in the table `monitor`. */
const attempts = (name: 'confirmations' | 'recoveries', usual: number): Field => ({
  isOffered: isChecked,
  choices: () => [1, 2, 3, 5].map(value => ({ text: String(value), value: String(value) })),
  read: ({ context: { messages } }, text) => {
    const value = /^\d{1,3}$/.exec(text.trim()) ? Number(text) : Number.NaN
    if (!(value >= 1 && value <= 10)) return { refusal: messages.wizard.attemptsRefused(label(text)) }
    const changes: DraftChanges = {}
    changes[name] = value
    return changes
  },
  show: ({ draft }) => String(draft.content[name] ?? usual),
})

const isReminder = (value: string): value is ReminderSetting => (reminderSettings as readonly string[]).includes(value)

const reminder: Field = {
  choices: ({ context: { messages } }) =>
    reminderSettings.map(value => ({ text: messages.wizard.reminders[value], value })),
  choose: (_, value) => (isReminder(value) ? { reminder: value } : null),
  show: ({ context: { messages }, draft }) => messages.wizard.reminders[draft.content.reminder ?? 'off'],
}

const maxGroupName = 40

const group: Field = {
  choices: ({ monitors }) => {
    const named = monitors.filter(({ groupName }) => groupName !== null)
    const first = new Map(named.toReversed().map(({ id, groupName }) => [groupName!, id]))
    return [...first]
      .toSorted(([one], [other]) => one.localeCompare(other))
      .slice(0, 8)
      .map(([name, id]) => ({ text: label(name), value: String(id) }))
  },
  choose: ({ monitors }, value) => {
    if (value === none) return { groupName: null }
    const groupName = monitors.find(({ id }) => String(id) === value)?.groupName
    return groupName == null ? null : { groupName }
  },
  read: ({ context: { messages } }, text) => {
    const groupName = text.replace(/\s+/g, ' ').trim()
    return groupName === '' || [...groupName].length > maxGroupName
      ? { refusal: messages.wizard.groupRefused(maxGroupName) }
      : { groupName }
  },
  show: ({ draft }) => draft.content.groupName ?? null,
  isRemovable: ({ draft }) => draft.content.groupName != null,
}

/** The monitors on which this one may depend: not itself, and none that depends on it. */
const possibleParents = ({ draft, monitors }: Drafting): Monitor[] => {
  const dependent = new Set(draft.monitorId === null ? [] : [draft.monitorId])
  for (let before = -1; before < dependent.size; ) {
    before = dependent.size
    for (const { id, parentId } of monitors) if (parentId !== null && dependent.has(parentId)) dependent.add(id)
  }
  return monitors.filter(({ id }) => !dependent.has(id))
}

const parent: Field = {
  isOffered: drafting => possibleParents(drafting).length > 0,
  choices: drafting =>
    possibleParents(drafting)
      .slice(0, 8)
      .map(({ id, name }) => ({ text: label(name), value: String(id) })),
  choose: (drafting, value) => {
    if (value === none) return { parentId: null }
    const found = possibleParents(drafting).find(({ id }) => String(id) === value)
    return found === undefined ? null : { parentId: found.id }
  },
  read: (drafting, text) => {
    const wanted = folded(text.trim())
    const found = possibleParents(drafting).filter(({ name }) => folded(name).includes(wanted))
    const exact = found.find(({ name }) => folded(name) === wanted) ?? (found.length === 1 ? found[0] : undefined)
    return exact === undefined
      ? { refusal: drafting.context.messages.wizard.parentRefused(label(text)) }
      : { parentId: exact.id }
  },
  show: ({ draft, monitors }) => monitors.find(({ id }) => id === draft.content.parentId)?.name ?? null,
  isRemovable: ({ draft }) => draft.content.parentId != null,
}

const { keyword, status, record, recipe, slow, ...furtherSettings } = settingsFields

/** The fields that few monitors need. They have a page of their own, and the review shows only those with a value. */
const furtherFields = { ...requestFields, ...furtherSettings, ...tlsFields }

export const fields: Record<FieldName, Field> = {
  ...{ kind, address, name, interval, limit, keyword, status, record, recipe, slow },
  confirmations: attempts('confirmations', defaultConfirmations),
  recoveries: attempts('recoveries', defaultRecoveries),
  reminder,
  group,
  parent,
  ...furtherFields,
}

export const isFurther = (name: FieldName): boolean => Object.hasOwn(furtherFields, name)

export const isFieldName = (name: string): name is FieldName => Object.hasOwn(fields, name)
