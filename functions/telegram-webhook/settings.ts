import type { Language } from '#database/chats/language.ts'
import { joined } from '#functions/telegram/html.ts'
import { sayClock } from '#functions/wording/dates.ts'
import { folded } from '#functions/wording/fold.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import type { ChatContext } from './context.ts'
import { botMessages } from './messages/messages.ts'
import { label } from './pages.ts'
import { type Button, type Reply, sendReply, type View } from './reply.ts'
import { refusedSetting } from './roles.ts'
import { findZone, offeredZones, zoneLabel } from './zones.ts'

const clockIn = ({ deps, chat }: ChatContext, zone = chat.zone) =>
  sayClock(deps.clock(), { language: chat.language, zone })

const searchButton = ({ messages }: ChatContext): Button => ({
  text: messages.searchButton,
  press: { act: 'howToSearch' },
})
const otherLanguage = (language: Language): Language => (language === 'en' ? 'pt-BR' : 'en')

const settingsRow = ({ chat, messages }: ChatContext): Button[] => [
  { text: messages.otherLanguage, press: { act: 'language', language: otherLanguage(chat.language) } },
  { text: messages.zoneButton(zoneLabel(chat.zone, chat.language)), press: { act: 'zones' } },
]

const menuButtons = (context: ChatContext): Button[][] => [
  [searchButton(context)],
  [
    { text: context.messages.seriesButton, press: { act: 'series', page: 0 } },
    { text: context.messages.upcomingButton, press: { act: 'upcoming', days: 7, page: 0 } },
  ],
  [{ text: context.messages.monitorsButton, press: { act: 'monitors', page: 0 } }],
]

/**
 * The first message to a chat. A new chat has Brazil's time zone, which is probably wrong for English speakers, so they
 * get a note.
 */
export const greeting = (context: ChatContext): View => {
  const { chat, origin, messages } = context
  const note = chat.language === 'en' && messages.zoneNote(sayZoneTime(chat.zone, chat.language))
  return chat.kind === 'private'
    ? {
        html: joined([messages.welcome(origin.name), note], '\n\n'),
        buttons: [[searchButton(context)], settingsRow(context)],
      }
    : { html: joined([messages.groupWelcome(), note], '\n\n') }
}

/** The menu, for a chat that has the greeting already. */
export const menu = (context: ChatContext): View => ({
  html: context.messages.menu(context.chat.kind === 'private'),
  buttons: [...menuButtons(context), settingsRow(context)],
})

export const help = ({ chat, messages }: ChatContext): View => ({ html: messages.help(chat.kind === 'private') })

export const howToSearch = ({ chat, messages }: ChatContext): View => ({
  html: chat.kind === 'private' ? messages.howToSearch() : messages.howToSearchInGroup(),
})

const languageByName: Record<string, Language> = {
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

/** Handles /idioma, with or without a language. */
export const languageCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { messages } = context
  if (argument === '') return sendReply({ html: messages.chooseLanguage(), buttons: languageButtons })
  const language = languageByName[folded(argument).replace('_', '-')]
  if (language === undefined) {
    const view = { html: messages.languageUnknown(label(argument)), buttons: languageButtons }
    return sendReply(view)
  }
  return (await refusedSetting(context)) ?? sendReply(await setLanguage(context, language))
}

/** Saves the language. The reply is in the new language. */
export const setLanguage = async (context: ChatContext, language: Language): Promise<View> => {
  await context.deps.chats.setLanguage(context.chat.id, language)
  const changed: ChatContext = { ...context, chat: { ...context.chat, language }, messages: botMessages[language] }
  return { html: changed.messages.languageSet(), buttons: menuButtons(changed) }
}

const zoneButtons = (zones: readonly string[], language: Language): Button[][] =>
  zones.map(zone => [{ text: zoneLabel(zone, language), press: { act: 'zone', zone } }])

/**
 * The chat's zone, buttons for the zones that the bot offers in the chat's language, and how to choose another zone.
 */
export const zoneChoice = (context: ChatContext): View => ({
  html: context.messages.chooseZone(zoneLabel(context.chat.zone, context.chat.language), clockIn(context)),
  buttons: zoneButtons(offeredZones[context.chat.language], context.chat.language),
})

/** Handles /fuso, with or without a city or a zone. */
export const zoneCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { chat, messages } = context
  if (argument === '') return sendReply(zoneChoice(context))
  const found = findZone(argument, chat.language)
  if ('zone' in found) return (await refusedSetting(context)) ?? sendReply(await setZone(context, found.zone))
  const view =
    found.suggestions.length > 0
      ? { html: messages.zoneWhich(label(argument)), buttons: zoneButtons(found.suggestions, chat.language) }
      : {
          html: messages.zoneUnknown(label(argument)),
          buttons: zoneButtons(offeredZones[chat.language], chat.language),
        }
  return sendReply(view)
}

/** Saves the zone. The reply contains the present time in the zone, so that the person notices a mistake. */
export const setZone = async (context: ChatContext, zone: string): Promise<View> => {
  await context.deps.chats.setZone(context.chat.id, zone)
  const html = context.messages.zoneSet(zoneLabel(zone, context.chat.language), clockIn(context, zone))
  return { html, buttons: menuButtons(context) }
}
