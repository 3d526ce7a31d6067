import type { Language } from '#database/chats/language.ts'
import type { Press, Reminder } from '#functions/telegram/callback-data.ts'
import { shareLink } from '#functions/telegram/deep-links.ts'

/**
 * The numbered episodes of one season that a notice is about; null for specials and for episodes of several seasons.
 */
export interface NoticeEpisodes {
  season: number
  first: number
  last: number
}

/** What was pressed already. */
export interface Pressed {
  isSeen: boolean
  reminders: ReadonlySet<Reminder>
  isMuted: boolean
}

export const nothingPressed: Pressed = { isSeen: false, reminders: new Set(), isMuted: false }

type NoticeButton = { text: string; press: Press } | { text: string; url: string }

const words = {
  seen: { 'pt-BR': '✅ vi', en: '✅ seen' },
  hour: { 'pt-BR': '⏰ em 1 h', en: '⏰ in 1 h' },
  night: { 'pt-BR': '⏰ à noite', en: '⏰ tonight' },
  mute: { 'pt-BR': '🔕 silenciar série', en: '🔕 mute series' },
  share: { 'pt-BR': '📤 compartilhar', en: '📤 share' },
} satisfies Record<string, Record<Language, string>>

/** The numbers of the episodes, if they are of one season and follow each other. */
export const numbersOf = (episodes: readonly { season: number; number: number | null }[]): NoticeEpisodes | null => {
  const numbers = episodes.map(({ number }) => number).filter(number => number !== null)
  const [first] = episodes
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  const isRange = numbers.length === episodes.length && most - least === episodes.length - 1 && least > 0
  if (first === undefined || !isRange || episodes.some(({ season }) => season !== first.season)) return null
  return { season: first.season, first: least, last: most }
}

/**
 * The buttons under a notice: seen, remind me, mute the series, TVmaze, whose licence asks for the link, and share if
 * the name of the bot is known. A button that was pressed is disabled.
 */
export const noticeButtons = (
  show: { id: number; url: string; name: string },
  numbers: NoticeEpisodes | null,
  { language, botName }: { language: Language; botName: string | null },
  { isSeen, reminders, isMuted }: Pressed = nothingPressed,
): NoticeButton[][] => {
  const button = (text: string, isPressed: boolean, press: Press): NoticeButton =>
    isPressed ? { text: `✓ ${text}`, press: { act: 'nothing' } } : { text, press }
  const target = numbers === null ? null : { show: show.id, ...numbers }
  return [
    ...(target === null
      ? []
      : [
          [
            button(words.seen[language], isSeen, { act: 'seen', ...target }),
            ...(['hour', 'night'] as const).map(when =>
              button(words[when][language], reminders.has(when), { act: 'remind', ...target, when }),
            ),
          ],
        ]),
    [
      button(words.mute[language], isMuted, {
        act: 'muteShow',
        ...(target ?? { show: show.id, season: 0, first: 0, last: 0 }),
      }),
      { text: 'TVmaze', url: show.url },
    ],
    ...(botName === null ? [] : [[{ text: words.share[language], url: shareLink(botName, show, language) }]]),
  ]
}
