import type { Monitor } from '#database/uptime/monitors.ts'
import { type Settings, settingsFault } from '#functions/checks/settings.ts'
import type { BotMessages } from '../messages/messages.ts'
import { label } from '../pages.ts'
import { type Choice, type DraftChanges, type Drafting, type Field, none, type Refused } from './field.ts'

/** Where a setting is stored: the property of the settings for each kind that has it. */
export type Properties = Partial<Record<Monitor['kind'], string>>

interface SettingOptions {
  properties: Properties
  /** Whether the other settings of the draft allow this one. By default they do. */
  fits?(settings: Settings, kind: Monitor['kind']): boolean
  choices?(drafting: Drafting): Choice[]
  /** The value that a text means; null: none. The schema and the rules of the kind decide whether it is valid. */
  parse(text: string): unknown
  /** The message about a text that is not valid. Without it, the field takes no text. */
  refusal?: keyof BotMessages['wizard']['settingRefused']
  show?(value: unknown, drafting: Drafting): string
  /** The value that counts without the setting. */
  usual?: string
}

export const settingsOf = ({ draft }: Drafting): Settings => draft.content.settings ?? {}

/** Whether the settings are valid by the schema and the rules of the kind of the draft. */
export const areValid = async ({ draft }: Drafting, settings: Settings): Promise<boolean> => {
  const kind = draft.content.kind ?? ''
  if (settingsFault(kind, settings) !== null) return false
  // Loaded late, because the rules load the kinds of checks, and most requests do not need them.
  const { settingsRuleFaults } = await import('#functions/checks/settings-rules.ts')
  return (await settingsRuleFaults(kind, settings)).length === 0
}

/** The settings without these properties. */
export const without = (settings: Settings, ...properties: string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([property]) => !properties.includes(property)))

/** A field that is stored in the settings of the kind. */
export const setting = ({ properties, fits, choices, parse, refusal, show, usual }: SettingOptions): Field => {
  const propertyOf = ({ draft }: Drafting) => draft.content.kind && properties[draft.content.kind]
  const valueIn = (drafting: Drafting) => {
    const property = propertyOf(drafting)
    return property === undefined ? undefined : settingsOf(drafting)[property]
  }
  const withValue = async (drafting: Drafting, text: string): Promise<DraftChanges | null> => {
    const [property, value] = [propertyOf(drafting), parse(text)]
    if (property === undefined || value === null) return null
    const settings = { ...settingsOf(drafting), [property]: value }
    return (await areValid(drafting, settings)) ? { settings } : null
  }
  return {
    isOffered: drafting =>
      propertyOf(drafting) !== undefined && (fits?.(settingsOf(drafting), drafting.draft.content.kind!) ?? true),
    choices: drafting => choices?.(drafting) ?? [],
    choose: async (drafting, value) => {
      const property = propertyOf(drafting)
      if (property === undefined) return null
      if (value === none) return { settings: without(settingsOf(drafting), property) }
      if (!choices?.(drafting).some(choice => choice.value === value)) return null
      return withValue(drafting, value)
    },
    ...(refusal !== undefined && {
      read: async (drafting, text): Promise<DraftChanges | Refused> =>
        (await withValue(drafting, text)) ?? {
          refusal: drafting.context.messages.wizard.settingRefused[refusal](label(text)),
        },
    }),
    show: drafting => {
      const value = valueIn(drafting)
      if (value === undefined) return usual ?? null
      return show?.(value, drafting) ?? label(String(value))
    },
    isRemovable: drafting => valueIn(drafting) !== undefined,
  }
}

/** The property in the settings of each of these kinds. */
export const inKinds = (property: string, ...kinds: Monitor['kind'][]): Properties =>
  Object.fromEntries(kinds.map(kind => [kind, property]))

export const sameText = (words: readonly string[]): Choice[] => words.map(word => ({ text: word, value: word }))

/** Whether a check with these settings uses TLS. The kind `tcp` does only if a setting says so. */
export const hasTls = ({ tls, starttls }: Settings, kind: Monitor['kind']): boolean =>
  kind !== 'tcp' || tls === true || starttls === true
