import type { Language } from '#database/chats/language.ts'
import { joined } from '#functions/telegram/html.ts'
import { sayClock, sayZoneTime } from '#functions/wording/dates.ts'
import { folded } from '#functions/wording/fold.ts'
import type { Answer, Button, View } from './bot.ts'
import type { Turn } from './context.ts'
import { label } from './pages.ts'
import { words as allWords } from './words/words.ts'
import { findZone, offeredZones, zoneLabel } from './zones.ts'

const clockIn = ({ desk, chat }: Turn, zone = chat.zone) => sayClock(desk.clock(), { language: chat.language, zone })

const searchButton = ({ words }: Turn): Button => ({ text: words.searchButton, press: { act: 'howToSearch' } })
const other = (language: Language): Language => (language === 'en' ? 'pt-BR' : 'en')

const settingsRow = ({ chat, words }: Turn): Button[] => [
  { text: words.otherLanguage, press: { act: 'language', language: other(chat.language) } },
  { text: words.zoneButton(zoneLabel(chat.zone, chat.language)), press: { act: 'zones' } },
]

const menuButtons = (turn: Turn): Button[][] => [
  [searchButton(turn)],
  [
    { text: turn.words.seriesButton, press: { act: 'series', page: 0 } },
    { text: turn.words.upcomingButton, press: { act: 'upcoming', days: 7, page: 0 } },
  ],
  [{ text: turn.words.monitorsButton, press: { act: 'monitors', page: 0 } }],
]

/** The first words to a chat. Who speaks English hardly lives by Brazil's clock, which a new chat has, and is told so. */
export const greeting = (turn: Turn): View => {
  const { chat, place, words } = turn
  const note = chat.language === 'en' && words.zoneNote(sayZoneTime(chat.zone, chat.language))
  return chat.kind === 'private'
    ? { html: joined([words.welcome(place.name), note], '\n\n'), buttons: [[searchButton(turn)], settingsRow(turn)] }
    : { html: joined([words.groupWelcome(), note], '\n\n') }
}

/** For who knows the bot already. */
export const menu = (turn: Turn): View => ({
  html: turn.words.menu(turn.chat.kind === 'private'),
  buttons: [...menuButtons(turn), settingsRow(turn)],
})

export const help = ({ chat, words }: Turn): View => ({ html: words.help(chat.kind === 'private') })

export const howToSearch = ({ chat, words }: Turn): View => ({
  html: chat.kind === 'private' ? words.howToSearch() : words.howToSearchInGroup(),
})

const named: Record<string, Language> = {
  pt: 'pt-BR',
  'pt-br': 'pt-BR',
  portugues: 'pt-BR',
  portuguese: 'pt-BR',
  brasileiro: 'pt-BR',
  br: 'pt-BR',
  en: 'en',
  'en-us': 'en',
  'en-gb': 'en',
  ingles: 'en',
  english: 'en',
}

const languageButtons: Button[][] = [
  [
    { text: 'Português', press: { act: 'language', language: 'pt-BR' } },
    { text: 'English', press: { act: 'language', language: 'en' } },
  ],
]

/** /idioma, with a language or without. */
export const askedForLanguage = async (turn: Turn, argument: string): Promise<Answer> => {
  const { words } = turn
  if (argument === '')
    return { effects: [{ do: 'send', view: { html: words.chooseLanguage(), buttons: languageButtons } }] }
  const language = named[folded(argument).replace('_', '-')]
  if (language === undefined) {
    const view = { html: words.languageUnknown(label(argument)), buttons: languageButtons }
    return { effects: [{ do: 'send', view }] }
  }
  return { effects: [{ do: 'send', view: await setLanguage(turn, language) }] }
}

/** Keeps the choice; the answer is in the new language already. */
export const setLanguage = async (turn: Turn, language: Language): Promise<View> => {
  await turn.desk.chats.setLanguage(turn.chat.id, language)
  const changed: Turn = { ...turn, chat: { ...turn.chat, language }, words: allWords[language] }
  return { html: changed.words.languageSet(), buttons: menuButtons(changed) }
}

const zoneButtons = (zones: readonly string[], language: Language): Button[][] =>
  zones.map(zone => [{ text: zoneLabel(zone, language), press: { act: 'zone', zone } }])

/** The zones that speakers of the chat's language live in, and how to ask for any other. */
export const zoneChoice = (turn: Turn): View => ({
  html: turn.words.chooseZone(zoneLabel(turn.chat.zone, turn.chat.language), clockIn(turn)),
  buttons: zoneButtons(offeredZones[turn.chat.language], turn.chat.language),
})

/** /fuso, with a city or a zone or without. */
export const askedForZone = async (turn: Turn, argument: string): Promise<Answer> => {
  const { chat, words } = turn
  if (argument === '') return { effects: [{ do: 'send', view: zoneChoice(turn) }] }
  const found = findZone(argument, chat.language)
  if ('zone' in found) return { effects: [{ do: 'send', view: await setZone(turn, found.zone) }] }
  const view =
    found.suggestions.length > 0
      ? { html: words.zoneWhich(label(argument)), buttons: zoneButtons(found.suggestions, chat.language) }
      : { html: words.zoneUnknown(label(argument)), buttons: zoneButtons(offeredZones[chat.language], chat.language) }
  return { effects: [{ do: 'send', view }] }
}

/** Keeps the zone and says what time it is there, so that a mistake is seen at once. */
export const setZone = async (turn: Turn, zone: string): Promise<View> => {
  await turn.desk.chats.setZone(turn.chat.id, zone)
  const html = turn.words.zoneSet(zoneLabel(zone, turn.chat.language), clockIn(turn, zone))
  return { html, buttons: menuButtons(turn) }
}
