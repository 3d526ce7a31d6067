import { type Telegram, TelegramError } from '#functions/telegram/client.ts'

/**
 * The commands of the bot's menu by language, as telegram-webhook exports them in `commandMenu`. English is the
 * default.
 */
export type CommandMenu = { language: 'pt' | 'en'; commands: { command: string; description: string }[] }[]

/**
 * What a person reads about the bot before they write to it. Telegram accepts at most 512 characters for the
 * description and 120 for the short description.
 */
const descriptions = {
  en: {
    description:
      'I keep watch for you. I tell you when an episode of a series you follow comes out, and when a site or server of yours goes down and when it is back.\n\nSeries data: TVmaze (CC BY-SA).',
    short_description: 'Tells you when an episode comes out and when your site goes down. Series data: TVmaze.',
  },
  pt: {
    description:
      'Eu fico de vigia por você. Aviso quando sai um episódio das séries que você segue, e quando um site ou servidor seu cai e quando volta.\n\nDados das séries: TVmaze (CC BY-SA).',
    short_description: 'Avisa quando sai um episódio e quando o seu site cai. Dados das séries: TVmaze.',
  },
} as const

/**
 * Sets the bot's menu and descriptions at Telegram if Telegram has other values. Reads Telegram's values first, because
 * Telegram limits how often they may be set.
 */
export const updateProfile = async (telegram: Telegram, menu: CommandMenu): Promise<void> => {
  for (const { language, commands } of menu) {
    const scope = scopeOf(language)
    const current = await telegram.call('getMyCommands', scope)
    if (!same(current, commands)) await telegram.call('setMyCommands', { ...scope, commands })
  }
  for (const language of ['en', 'pt'] as const) {
    for (const [field, [get, set]] of Object.entries(methods)) {
      const scope = scopeOf(language)
      const text = descriptions[language][field as keyof typeof methods]
      const current = await telegram.call<Record<string, string>>(get, scope)
      if (current[field] !== text) await telegram.call(set, { ...scope, [field]: text })
    }
  }
}

const methods = {
  description: ['getMyDescription', 'setMyDescription'],
  short_description: ['getMyShortDescription', 'setMyShortDescription'],
} as const

const scopeOf = (language: 'pt' | 'en') => (language === 'en' ? {} : { language_code: language })

const same = (current: unknown, ours: CommandMenu[number]['commands']): boolean =>
  Array.isArray(current) &&
  current.length === ours.length &&
  ours.every(({ command, description }, index) => {
    const other = current[index] as { command?: unknown; description?: unknown } | undefined
    return other?.command === command && other.description === description
  })

/** The number of seconds that Telegram asks the bot to wait (429); undefined for any other error. */
export const retryAfterS = (error: unknown): number | undefined =>
  error instanceof TelegramError && error.code === 429 ? (error.retryAfter ?? 1) : undefined
