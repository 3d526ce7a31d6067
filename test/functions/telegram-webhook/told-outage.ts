import { wording } from '#functions/notification-fanout/wording.ts'
import { inlineKeyboard } from '#functions/telegram/message.ts'
import { world } from './conversations.ts'
import { token } from './support.ts'

const reader = { language: 'pt-BR', zone: 'America/Sao_Paulo' } as const

/** Stores an outage that the chat was told of, and sends its message as telegram-notifier does. */
export const outage = async (chatId: number) => {
  const { rows } = await world.db.query<{ monitor: number; incident: number }>(
    `with site as (
       insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, state, state_since, judged_at, told_state, told_at)
       values ($1, 'loja.example', 'http', 'https://loja.example/' || gen_random_uuid(), 60, 5000, 'down', $2, $2, 'down', $2)
       returning id
     ), began as (
       insert into incident (monitor_id, opened_at, opened_cause, error) select id, $2, 'x', 'timeout' from site returning id, monitor_id
     )
     select monitor_id as monitor, id as incident from began`,
    [chatId, new Date('2026-11-21T14:50:00Z')],
  )
  const { monitor, incident } = rows[0]!
  await world.db.query('update monitor set told_incident_id = $2 where id = $1', [monitor, incident])
  const { html, buttons } = wording(
    {
      name: 'monitor.down',
      data: {
        monitorId: monitor,
        incidentId: incident,
        name: 'loja.example',
        url: 'https://loja.example/',
        since: '2026-11-21T14:50:00Z',
        status: null,
        error: 'timeout',
        lastOkAt: null,
      },
    },
    { id: chatId, ...reader },
    world.time.now,
  )
  const response = await fetch(`${world.telegram.url}/bot${token}/sendMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      chat_id: chatId,
      text: html,
      parse_mode: 'HTML',
      reply_markup: inlineKeyboard(buttons as { text: string; data: string }[][]),
    }),
  })
  const { result } = (await response.json()) as { result: { message_id: number } }
  await world.db.query(
    `insert into message (key, chat_id, request, cause, state, not_before, requested_at, telegram_message_id, sent_at)
     values ($1, $2, '{}', '{}', 'sent', $3, $3, $4, $3)`,
    [`incident/${incident}/monitor.down/message.requested/${chatId}`, chatId, world.time.now, result.message_id],
  )
  return { monitor, incident, message: result.message_id }
}
