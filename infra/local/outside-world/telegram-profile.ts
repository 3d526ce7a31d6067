import { type Telegram, TelegramError } from '#functions/telegram/client.ts'

/** What a bot's menu shows in a language; the shape of telegram-webhook's `commandMenu`. English is everybody else's too. */
export type CommandMenu = { language: 'pt' | 'en'; commands: { command: string; description: string }[] }[]

/** What a person reads of the bot before they have written to it. Telegram takes 512 and 120 characters. */
const ABOUT = {
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

/** Brings the bot's menu and description at Telegram to what ours are. Asks first: Telegram limits how often they may be set. */
export const keepProfile = async (telegram: Telegram, menu: CommandMenu): Promise<void> => {
  for (const { language, commands } of menu) {
    const place = placeOf(language)
    const there = await telegram.call('getMyCommands', place)
    if (!same(there, commands)) await telegram.call('setMyCommands', { ...place, commands })
  }
  for (const language of ['en', 'pt'] as const) {
    for (const [field, [get, set]] of Object.entries(TEXTS)) {
      const place = placeOf(language)
      const text = ABOUT[language][field as keyof typeof TEXTS]
      const there = await telegram.call<Record<string, string>>(get, place)
      if (there[field] !== text) await telegram.call(set, { ...place, [field]: text })
    }
  }
}

const TEXTS = {
  description: ['getMyDescription', 'setMyDescription'],
  short_description: ['getMyShortDescription', 'setMyShortDescription'],
} as const

const placeOf = (language: 'pt' | 'en') => (language === 'en' ? {} : { language_code: language })

const same = (there: unknown, ours: CommandMenu[number]['commands']): boolean =>
  Array.isArray(there) &&
  there.length === ours.length &&
  ours.every(({ command, description }, index) => {
    const other = there[index] as { command?: unknown; description?: unknown } | undefined
    return other?.command === command && other.description === description
  })

/** How long Telegram asks to be left alone, in seconds; undefined where the error is another one. */
export const leaveAloneS = (error: unknown): number | undefined =>
  error instanceof TelegramError && error.code === 429 ? (error.retryAfter ?? 1) : undefined
