import { waitForReply } from '#test/support/journey.ts'
import type { JourneyTarget } from '#test/support/journey-steps.ts'
import { query } from './journey-target.ts'

/** Many monitors of one chat. */
export interface ManyMonitors {
  /** Resumes the first `count` monitors and pauses all others. */
  watch(count: number): Promise<void>
}

/**
 * Adds monitors to the database, all paused. The sites of every tenth monitor accept connections and never answer, and
 * the database already has these monitors as down.
 */
export const addManyMonitors = async (
  target: JourneyTarget,
  count: number,
  intervalS: number,
): Promise<ManyMonitors> => {
  const person = target.telegram.user('Carga', { language: 'pt-br' })
  person.send('/start')
  await waitForReply(person, /Vigia/)
  const chat = person.chatId
  await query(`
    insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, paused_at, state, state_since, judged_at)
    select ${chat}, 'load ' || number, 'http',
      '${target.sitesUrl}' || case when number % 10 = 0 then '/hanging' else '/healthy' end || '?monitor=' || number,
      ${intervalS}, 10000, now(), case when number % 10 = 0 then 'down' else 'up' end, now(), now()
    from generate_series(1, ${count}) number order by number`)
  const first = Number(await query(`select min(id) from monitor where chat_id = ${chat}`))
  return {
    watch: async wanted => {
      const isWatched = `id < ${first + wanted}`
      await query(`
        update monitor set paused_at = case when ${isWatched} then null else now() end, active_since = now(),
          version = version + 1
        where chat_id = ${chat} and (paused_at is null) <> (${isWatched})`)
    },
  }
}
