import type { Monitor } from '#database/uptime/monitors.ts'
import { settingsFault } from '#functions/checks/settings.ts'
import { sayMilliseconds } from '#functions/wording/uptime.ts'
import { label } from '../pages.ts'
import { type Choice, type DraftChanges, type Drafting, type Field, none, type Refused } from './field.ts'

/** Where a setting is stored: the property of the settings for each kind that has it. */
type Properties = Partial<Record<Monitor['kind'], string>>

interface SettingOptions {
  properties: Properties
  choices?(drafting: Drafting): Choice[]
  /** The value that a text means; null: none. The schema of the kind decides whether it is valid. */
  parse(text: string): string | number | null
  refusal: 'keyword' | 'status' | 'slow' | 'record' | 'recipe'
  show?(value: string | number, drafting: Drafting): string
  /** The value that counts without the setting. */
  usual?: string
}

/** A field that is stored in the settings of the kind. */
const setting = ({ properties, choices, parse, refusal, show, usual }: SettingOptions): Field => {
  const propertyOf = ({ draft }: Drafting) => draft.content.kind && properties[draft.content.kind]
  const valueIn = (drafting: Drafting) => {
    const property = propertyOf(drafting)
    return property === undefined ? undefined : drafting.draft.content.settings?.[property]
  }
  const withValue = (drafting: Drafting, text: string): DraftChanges | Refused => {
    const refused = { refusal: drafting.context.messages.wizard.settingRefused[refusal](label(text)) }
    const [property, value] = [propertyOf(drafting), parse(text)]
    if (property === undefined || value === null) return refused
    const settings = { ...drafting.draft.content.settings, [property]: value }
    return settingsFault(drafting.draft.content.kind ?? '', settings) === null ? { settings } : refused
  }
  return {
    isOffered: drafting => propertyOf(drafting) !== undefined,
    choices: drafting => choices?.(drafting) ?? [],
    choose: (drafting, value) => {
      const property = propertyOf(drafting)
      if (property === undefined) return null
      if (value === none) {
        const { [property]: _, ...settings } = drafting.draft.content.settings ?? {}
        return { settings }
      }
      if (!choices?.(drafting).some(choice => choice.value === value)) return null
      const changes = withValue(drafting, value)
      return 'refusal' in changes ? null : changes
    },
    read: withValue,
    show: drafting => {
      const value = valueIn(drafting)
      if (typeof value !== 'string' && typeof value !== 'number') return usual ?? null
      return show?.(value, drafting) ?? String(value)
    },
    isRemovable: drafting => valueIn(drafting) !== undefined,
  }
}

const sameText = (words: readonly string[]): Choice[] => words.map(word => ({ text: word, value: word }))

/** Milliseconds: `800 ms`, `1,5 s`, `2`. A number without a unit is seconds. */
const milliseconds = (text: string): number | null => {
  const [, amount, unit = 's'] = /^(\d{1,6}(?:[.,]\d{1,3})?)\s*(ms|s|seg|sec)?$/i.exec(text.trim()) ?? []
  return amount === undefined
    ? null
    : Math.round(Number(amount.replace(',', '.')) * (unit.toLowerCase() === 'ms' ? 1 : 1000))
}

const all = (property: string): Properties => ({
  ...{ http: property, tcp: property, tls: property, dns: property, ping: property },
  ...{ websocket: property, grpc: property },
})

/** The fields that belong to the settings of one or several kinds. */
export const settingsFields = {
  keyword: setting({
    properties: { http: 'keyword', tcp: 'expect', websocket: 'expect' },
    parse: text => text.trim(),
    refusal: 'keyword',
    show: value => label(String(value)),
  }),
  status: setting({
    properties: { http: 'status' },
    choices: () => sameText(['200', '200-299', '200-399']),
    parse: text => text.trim().replace(/\s+(?:e|and|ou|or)\s+|\s*;\s*/gi, ','),
    refusal: 'status',
    usual: '200-299',
  }),
  record: setting({
    properties: { dns: 'type' },
    choices: () => sameText(['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS']),
    parse: text => text.trim().toUpperCase(),
    refusal: 'record',
    usual: 'A',
  }),
  recipe: setting({
    properties: { tcp: 'recipe' },
    choices: () => sameText(['redis', 'smtp', 'imap', 'postgres', 'mysql', 'mqtt']),
    parse: text => text.trim().toLowerCase(),
    refusal: 'recipe',
  }),
  slow: setting({
    properties: all('slowMs'),
    choices: ({ context: { chat } }) =>
      [500, 1000, 2000, 5000].map(value => ({ text: sayMilliseconds(value, chat.language), value: `${value}ms` })),
    parse: milliseconds,
    refusal: 'slow',
    show: (value, { context: { chat } }) => sayMilliseconds(Number(value), chat.language),
  }),
} satisfies Record<string, Field>
