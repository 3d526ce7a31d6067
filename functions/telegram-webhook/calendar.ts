import type { Press } from '#functions/telegram/callback-data.ts'
import { joined } from '#functions/telegram/html.ts'
import type { ChatContext } from './context.ts'
import { type Button, editReply, type Reply, sendReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

type CalendarPress = Extract<Press, { act: 'calendar' }>

const button = (text: string, change: CalendarPress['change']): Button => ({ text, press: { act: 'calendar', change } })

/** Handles /agenda: shows the address of the calendar of the chat, or offers to make one. */
export const calendarCommand = async (context: ChatContext): Promise<Reply> => {
  const { deps, chat, messages } = context
  const secret = await deps.episodeCalendars.secretOf(chat.id)
  if (secret !== null) return sendReply(calendarView(context, secret))
  const offer = { html: messages.calendar.none(), buttons: [[button(messages.calendar.make, 'make')]] }
  return (await refusedChange(context)) ?? sendReply(offer)
}

/** Makes the calendar of the chat, or revokes its address. A second press changes nothing. */
export const pressCalendar = async (context: ChatContext, { change }: CalendarPress): Promise<Reply> => {
  const { deps, chat, messages } = context
  if (change === 'revoke') {
    await deps.episodeCalendars.revoke(chat.id)
    return editReply({
      html: messages.calendar.revoked(),
      buttons: [[button(messages.calendar.makeAnother, 'make')]],
    })
  }
  const secret = await deps.episodeCalendars.make(chat.id, deps.clock())
  return editReply(calendarView(context, secret))
}

const calendarView = ({ deps, messages }: ChatContext, secret: string): View => {
  const texts = messages.calendar
  const addressOf = (file: string) => `${deps.pagesUrl ?? '/status'}/c/${secret}/${file}.ics`
  const [all, premieres] = [addressOf('episodes'), addressOf('premieres')]
  return {
    html: joined([texts.made(all, premieres), texts.content(), deps.pagesUrl === null && texts.urlUnknown()], '\n\n'),
    buttons: [
      [
        { text: texts.copyAll, copy: all },
        { text: texts.copyPremieres, copy: premieres },
      ],
      [button(texts.revoke, 'revoke')],
    ],
    isSecret: true,
  }
}
