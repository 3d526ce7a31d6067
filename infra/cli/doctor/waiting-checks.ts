import { functionNames } from '#infra/repository.ts'
import { countText, spanText } from './figures.ts'
import { failed, ok, type Result, warning } from './finding.ts'
import type { Installation } from './installation.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'

/** Nothing may wait for longer than this: events for their functions, and messages for Telegram. */
const longestWaitS = 120

interface Waiting {
  count: number
  oldestS: number
}

/** Deliveries of the one-machine broker that have waited too long, with the Trigger that has the most of them. */
export const deliveriesCheck = async ({ query }: ReadOnlyDatabase, { dataDir }: Installation): Promise<Result> => {
  const rows = await query<Waiting & { trigger: string }>(
    `select trigger, count(*)::int as count, extract(epoch from now() - min(accepted_at))::float8 as "oldestS"
     from broker.delivery join broker.event on seq = event_seq
     where due is not null and accepted_at < now() - $1 * interval '1 second' group by trigger order by 2 desc`,
    [longestWaitS],
  )
  const [most] = rows
  if (most === undefined) return ok(`no event has waited for more than ${spanText(longestWaitS)}`)
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  const oldestS = Math.max(...rows.map(row => row.oldestS))
  return failed(
    `${countText(count, 'delivery waits', 'deliveries wait')}, the oldest for ${spanText(oldestS)}; ${most.count} of them for ${most.trigger}`,
    'The function of that Trigger does not run, or answers with errors. What people expect comes late.',
    `tail -n 20 ${dataDir}/logs/${functionOf(most.trigger)}.log`,
  )
}

/** The name of a Trigger begins with the name of its function. */
const functionOf = (trigger: string) => functionNames().find(name => trigger.startsWith(`${name}-`)) ?? trigger

/** Messages of the outbox that Telegram should have by now, and the pause of the bot that may be the reason. */
export const messagesCheck = async ({ query }: ReadOnlyDatabase, { place, dataDir }: Installation): Promise<Result> => {
  const [row] = await query<Waiting>(
    `select count(*)::int as count, extract(epoch from now() - min(requested_at))::float8 as "oldestS" from message
     where state in ('waiting', 'sending') and requested_at < now() - $1 * interval '1 second'`,
    [longestWaitS],
  )
  const { count, oldestS } = row!
  if (count === 0) return ok(`no message has waited for more than ${spanText(longestWaitS)}`)
  const [pause] = await query<{ reason: string; endsInS: number }>(
    `select reason, extract(epoch from until - now())::float8 as "endsInS" from bot_pause
     where until > now() order by until desc limit 1`,
  )
  const found = `${countText(count, 'message waits', 'messages wait')} to be sent, the oldest for ${spanText(oldestS)}`
  return failed(
    pause === undefined ? found : `${found}; the bot pauses for ${spanText(pause.endsInS)}: ${pause.reason}`,
    'People learn about outages and episodes too late.',
    place === 'cluster'
      ? 'kubectl -n vigia logs -l serving.knative.dev/service=telegram-notifier -c user-container'
      : `tail -n 20 ${dataDir}/logs/telegram-notifier.log`,
  )
}

/** The dead letters of the last day that were not sent again, with the most frequent kind of error. */
export const deadLettersCheck = async ({ query }: ReadOnlyDatabase, { place }: Installation): Promise<Result> => {
  const rows = await query<{ trigger: string; reason: string; count: number }>(
    `select trigger, max(reason) as reason, count(*)::int as count from dead_letter
     where at > now() - interval '1 day' and (replayed_at is null or replayed_at < at)
     group by fingerprint, trigger order by 3 desc`,
  )
  const [most] = rows
  if (most === undefined) return ok('none in the last day')
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  return warning(
    `${count} in the last day; ${most.count} of them for ${most.trigger}: ${most.reason.split('\n')[0]!.slice(0, 120)}`,
    'These events were given up after all their attempts. What they should cause does not happen until they are sent again.',
    place === 'cluster' ? 'infra/cluster/dead-letters.sh list' : 'npm run vigia -- dead-letters list',
  )
}
