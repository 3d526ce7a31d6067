import pLimit from 'p-limit'
import { addressIn, hostOf } from '#database/uptime/monitor-limits.ts'
import { PageTaken } from '#functions/vigia-yaml/apply-page.ts'
import { TooManyWebhooks } from '#functions/vigia-yaml/apply-webhook.ts'
import { type Outside, requestForms } from '#functions/vigia-yaml/read-entries.ts'
import { HeartbeatTaken, LimitExceeded, type Owner } from '#functions/vigia-yaml/write-monitor.ts'
import { Problem } from './problem.ts'
import type { Call } from './route.ts'

/** The rules for what a request describes. A request cannot read the variables and the files of this machine. */
export const outsideOf = ({ mayDial }: Pick<Call['deps'], 'mayDial'>): Outside => ({
  mayDial,
  ...requestForms,
  readSecret: source =>
    'value' in source ? { value: source.value } : { reason: 'is only possible in a file; write {value: …}' },
  readPicture: () => ({ reason: 'is only possible in a file; send the picture to the bot' }),
})

/** The most look-ups of hosts at once. */
const lookUps = pLimit(8)

/** The person of the key, whose limits count, and the addresses of the hosts of these URLs. */
export const ownerOf = async ({ deps, key }: Pick<Call, 'deps' | 'key'>, urls: readonly string[]): Promise<Owner> => {
  const hosts = [...new Set(urls.map(hostOf))]
  const found = await Promise.all(
    hosts.map(async host => [host, addressIn(host) ?? (await lookUps(() => deps.addressOf(host)))] as const),
  )
  const addresses = new Map(found.flatMap(([host, address]) => (address === null ? [] : [[host, address] as const])))
  return { personId: key.personId, limits: deps.limits, addresses }
}

/** The problem that a limit prevents a monitor, as the bot tells it. */
export const limitProblem = (
  { limit, host, key }: Pick<LimitExceeded, 'limit' | 'host' | 'key'>,
  { limits }: Call['deps'],
) =>
  new Problem(409, {
    detail: `${key}: ${
      {
        chat: `this chat may have ${limits.monitorsPerChat} monitors; delete one first`,
        person: `the person who made this key may have ${limits.monitorsPerPerson} monitors; delete one first`,
        personHost: `${host} would get more than ${limits.personHostChecksPerMinute} checks a minute from the person who made this key; choose a longer interval`,
        host: `${host} would get more than ${limits.hostChecksPerMinute} checks a minute; choose a longer interval`,
      }[limit]
    }`,
  })

/** PostgreSQL's code. Without a key of vigia.yaml, a chat has one monitor for each URL. */
const uniqueViolation = '23505'

/** The problem for an error of a write that the request caused; any other error as it is. */
export const problemOf = (error: unknown, { deps }: Pick<Call, 'deps'>): unknown => {
  if (error instanceof LimitExceeded) return limitProblem(error, deps)
  if (error instanceof PageTaken || error instanceof TooManyWebhooks) return new Problem(409, { detail: error.message })
  if ((error as { code?: string }).code === uniqueViolation)
    return new Problem(409, { detail: 'This chat has another monitor of the same URL.' })
  return error instanceof HeartbeatTaken
    ? new Problem(409, {
        detail: `This chat has another heartbeat with ${error.slug} in its URL; choose another name.`,
      })
    : error
}
