import type { Answer } from '#database/uptime/incident-answers.ts'
import { answerButtons, silenceOf } from '#functions/outages/answer-buttons.ts'
import { knownZone, sayClock } from '#functions/wording/dates.ts'
import type { ChatContext } from './context.ts'
import { type Reply, toastReply } from './reply.ts'

/**
 * A person answers the message about an outage. The first press of each button counts. It has an effect only in the
 * chat that the monitor belongs to, because a person can forge a button press.
 */
export const answerOutage = async (context: ChatContext, incidentId: number, answer: Answer): Promise<Reply> => {
  const { deps, chat, origin, messages } = context
  const now = deps.clock()
  const reader = { language: chat.language, zone: knownZone(chat.zone) }
  const result = await deps.incidentAnswers.give(
    chat.id,
    incidentId,
    { answer, silence: silenceOf(answer, now, reader.zone), personId: origin.personId, personName: origin.name },
    now,
  )
  if (result === 'gone') return toastReply(messages.monitorGone)
  const buttons = [
    ...answerButtons(incidentId, result.given, { ...reader, isOver: result.isOver }),
    ...(result.kind === 'heartbeat'
      ? []
      : [[{ text: messages.check, press: { act: 'check', monitor: result.monitorId } } as const]]),
  ]
  if (result.isOver)
    return {
      effects: [
        { do: 'toast', text: messages.outageOver },
        { do: 'buttons', buttons },
      ],
    }
  const first = result.given.find(each => each.answer === answer)!
  const until = silenceOf(answer, first.at, reader.zone)
  // A redelivered press of the same person gets the same reply.
  const text =
    first.personId === origin.personId
      ? messages.outageAnswered[answer](until instanceof Date ? sayClock(until, reader) : '')
      : messages.answeredBefore(first.personName, sayClock(first.at, reader))
  return {
    effects: [
      { do: 'toast', text },
      { do: 'buttons', buttons },
    ],
  }
}
