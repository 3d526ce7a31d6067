import { describe, expect, test } from 'vitest'
import { encode } from '#functions/telegram/callback-data.ts'
import { outboxTick } from '#functions/telegram-notifier/telegram-notifier.ts'
import { group, person } from './chats.ts'
import { notify, request } from './requests.ts'
import { database, later, minutes, now, outbox, simulator, useNotifier } from './support.ts'

useNotifier()

/** An outage of a new monitor of the chat. */
const outageOf = async (chatId: number) => {
  const { rows } = await database.db.query<{ monitor: number; incident: number }>(
    `with site as (
       insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
       values ($1, 'loja.example', 'http', 'https://loja.example/' || gen_random_uuid(), 60, 5000) returning id
     )
     insert into incident (monitor_id, opened_at, opened_cause, error) select id, $2, 'x', 'timeout' from site
     returning id as incident, monitor_id as monitor`,
    [chatId, now],
  )
  return rows[0]!
}

type Outage = Awaited<ReturnType<typeof outageOf>>

const down = (chatId: number, { monitor, incident }: Outage) =>
  request(chatId, {
    html: 'caiu',
    outage: `monitor/${monitor}`,
    buttons: [
      [{ text: '👀', data: encode({ act: 'answer', incident, answer: 'acknowledge' }) }],
      [
        { text: '🔕 1 h', data: encode({ act: 'answer', incident, answer: 'hour' }) },
        { text: '🔕 até voltar', data: encode({ act: 'answer', incident, answer: 'recovery' }) },
      ],
      [{ text: 'verificar agora', data: encode({ act: 'check', monitor }) }],
    ],
  })
const up = (chatId: number, { monitor }: Outage) =>
  request(chatId, { html: 'voltou', endsOutage: `monitor/${monitor}` })

const edits = () => simulator.calls('editMessageReplyMarkup')
const buttonsOf = ({ answers }: Pick<Awaited<ReturnType<typeof person>>, 'answers'>) =>
  answers().map(({ buttons }) => buttons.map(row => row.map(({ text }) => text)))

describe('when an outage is over', () => {
  test('the buttons that answer it are removed from its messages, once, and the others stay', async () => {
    const ana = await person()
    const [outage, other] = [await outageOf(ana.chatId), await outageOf(ana.chatId)]
    for (const each of [outage, outage, other]) await notify(down(ana.chatId, each))
    const recovery = up(ana.chatId, outage)
    await notify(recovery)
    await notify(recovery)
    await outboxTick(outbox)
    expect(buttonsOf(ana)).toEqual([
      [['verificar agora']],
      [['verificar agora']],
      [['👀'], ['🔕 1 h', '🔕 até voltar'], ['verificar agora']],
      [],
    ])
    expect(edits()).toHaveLength(2)
  })

  test('an answer that was given stays, with the name and the time', async () => {
    const ana = await person()
    const outage = await outageOf(ana.chatId)
    await notify(down(ana.chatId, outage))
    await database.db.query(`insert into incident_answer values ($1, 'acknowledge', 1, 'Ana', $2)`, [
      outage.incident,
      new Date('2026-11-21T15:00:00Z'),
    ])
    await notify(up(ana.chatId, outage))
    expect(buttonsOf(ana)[0]).toEqual([['✓ 👀 estou cuidando · Ana · 12:00'], ['verificar agora']])
  })

  test('a message that is sent after the end gets no buttons to answer either', async () => {
    const ana = await person()
    const outage = await outageOf(ana.chatId)
    await outbox.messages.keep(down(ana.chatId, outage), now)
    await notify(up(ana.chatId, outage))
    expect(buttonsOf(ana)).toEqual([[['verificar agora']], []])
  })

  test('Telegram is asked again after the wait that it wants, and after it did not answer', async () => {
    const ana = await person()
    const outage = await outageOf(ana.chatId)
    await notify(down(ana.chatId, outage))
    simulator.failNext('editMessageReplyMarkup', { status: 429, retryAfter: 90 })
    await notify(up(ana.chatId, outage))
    later(minutes(1))
    await outboxTick(outbox)
    expect(edits()).toHaveLength(1)
    later(minutes(1))
    simulator.failNext('editMessageReplyMarkup', { status: 500 })
    await outboxTick(outbox)
    later(minutes(2))
    await outboxTick(outbox)
    await outboxTick(outbox)
    expect(edits()).toHaveLength(3)
    expect(buttonsOf(ana)[0]).toEqual([['verificar agora']])
  })

  test.each([
    [400, 'Bad Request: message to edit not found'],
    [400, 'Bad Request: message is not modified'],
    [403, 'Forbidden: bot was kicked from the group chat'],
  ])('a message that cannot be edited (%s %s) is left alone', async (status, description) => {
    const { chatId } = (await group()).room
    const outage = await outageOf(chatId)
    await notify(down(chatId, outage))
    simulator.failNext('editMessageReplyMarkup', { status, description })
    await notify(up(chatId, outage))
    later(minutes(5))
    await outboxTick(outbox)
    expect(edits()).toHaveLength(1)
  })

  test('of many messages a few are edited in each run', async () => {
    const ana = await person()
    const outage = await outageOf(ana.chatId)
    for (let count = 0; count < 7; count++) await notify(down(ana.chatId, outage))
    await notify(up(ana.chatId, outage))
    expect(edits()).toHaveLength(5)
    later(minutes(1))
    await outboxTick(outbox)
    expect(edits()).toHaveLength(7)
  })
})
