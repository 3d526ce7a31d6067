import { setTimeout } from 'node:timers/promises'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'
import type { Bench } from './bench.ts'
import { httpTarget, insertMonitors, startEnvironment } from './support/environment.ts'
import type { Hit, Message } from './support/sites.ts'

/** The number of monitors, each in a chat of its own: MONITORS=20 */
const monitors = Number(process.env.MONITORS ?? 20)
const intervalS = 10
const timeoutMs = 5_000

/**
 * Measures the time from the check that confirms an outage or a recovery to the message at the Bot API. The monitors
 * fail twice, because the first outage warms the functions up. A fourth change would count as flapping.
 */
export const bench: Bench = {
  title: `notice time: ${monitors} monitors, each checked every ${intervalS} s, fail together (goal: at most 1,000 ms)`,
  run: async log => {
    const { dataDir, sites, db, env, stop } = await startEnvironment()
    let vigia: Vigia | undefined
    try {
      const telegram = { TELEGRAM_API_ROOT: `http://127.0.0.1:${sites.ports.http}`, TELEGRAM_BOT_TOKEN: '1:bench' }
      // With a bot token, private addresses are refused unless PROBE_ALLOW allows them.
      vigia = await startVigia({ env: { ...env, PROBE_ALLOW: '127.0.0.0/8', ...telegram }, dataDir })
      await insertMonitors(db, sites.ports, {
        ...{ count: monitors, intervalS, timeoutMs, behaviour: 's', chats: monitors, targetOf: httpTarget },
      })
      await db.query(`insert into follow (chat_id, subject) select chat_id, 'monitor/' || id from monitor`)
      await setTimeout(2 * intervalS * 1_000)
      const rows: (string | number)[][] = []
      const change = async (what: string, command: () => void) => {
        await Promise.all([sites.hits(), sites.messages()])
        command()
        const messages: Message[] = []
        const all = async () => messages.push(...(await sites.messages())) >= monitors
        await until(all, { what: () => `a message for each monitor; ${messages.length} came`, timeoutMs: 120_000 })
        const hits = await sites.hits()
        const times = messages.map(message => noticeMs(message, hits)).toSorted((a, b) => a - b)
        const [median, longest] = [times[times.length >> 1]!, times.at(-1)!].map(Math.round)
        log(`${what}: median ${median} ms, longest ${longest} ms`)
        rows.push([what, messages.length, median!, longest!])
      }
      await change('first outage', sites.fail)
      await change('first recovery', sites.heal)
      await change('second outage, warm', sites.fail)
      return {
        columns: ['case', 'messages', 'p50 ms', 'max ms'],
        rows,
        notes: ['from the last request of the check to the request of sendMessage; recoveries need two good attempts'],
      }
    } finally {
      await vigia?.stop()
      await stop()
    }
  },
}

/** The time from the last check of the monitor before the message. Monitor 7 is in chat 7. */
const noticeMs = ([chat, at]: Message, hits: readonly Hit[]): number =>
  at - Math.max(...hits.filter(([id, seenAt]) => id === chat && seenAt <= at).map(([, seenAt]) => seenAt))
