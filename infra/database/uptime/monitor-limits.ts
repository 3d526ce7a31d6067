import { isIP } from 'node:net'
import type { Postgres } from '../connect.ts'

/** Which limit would be passed: of the chat or the person (count of monitors), or of a host (planned checks a minute). */
export type ExceededLimit = 'chat' | 'person' | 'host' | 'personHost'

/** The numbers of functions/telegram-webhook/limits.ts that concern monitors. */
export interface MonitorLimits {
  monitorsPerChat: number
  monitorsPerPerson: number
  hostChecksPerMinute: number
  personHostChecksPerMinute: number
}

/** A monitor as somebody wants it to be watched from now on. */
export interface RequestedMonitor {
  chatId: number
  personId: number
  url: string
  /** One address of the host, where it is known. */
  address: string | null
  intervalS: number
}

/** The host of a monitor's URL as the column `monitor.host` has it; an IPv6 address in brackets. */
export const hostOf = (url: string): string =>
  // URL lower-cases and encodes the hosts of http only.
  new URL(url.replace(/^tcp:/i, 'http:')).hostname.replace(/\.+$/, '')

/** The address that a host is, where it is written as one; IPv4 inside of IPv6 as IPv4. null for names. */
export const addressIn = (host: string): string | null => {
  const address = host.replace(/^\[|\]$/g, '')
  if (isIP(address) === 0) return null
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address) ?? []
  if (high === undefined || low === undefined) return address
  return [high, low].flatMap(part => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]).join('.')
}

interface CurrentLoad {
  inChat: number
  ofPerson: number
  onHost: number
  onHostOfPerson: number
  known: { intervalS: number; isPaused: boolean; personId: number | null } | null
}

/**
 * The limit that `wanted` would pass, or null. It takes the lock under which all monitors are counted until the transaction ends: of
 * many who ask at once each sees what the one before added. What reduces the load is always allowed, also above a limit.
 */
export const exceededLimit = async (
  tx: Postgres,
  wanted: RequestedMonitor,
  limits: MonitorLimits,
): Promise<ExceededLimit | null> => {
  await tx.query(`select pg_advisory_xact_lock(hashtext('vigia monitor limits'))`)
  const { inChat, ofPerson, onHost, onHostOfPerson, known } = await currentLoad(tx, wanted)
  const perMinute = 60 / wanted.intervalS
  if (known !== null && !known.isPaused && wanted.intervalS >= known.intervalS) return null
  if (known === null && inChat >= limits.monitorsPerChat) return 'chat'
  if (known?.personId !== wanted.personId && ofPerson >= limits.monitorsPerPerson) return 'person'
  if (onHostOfPerson + perMinute > limits.personHostChecksPerMinute) return 'personHost'
  if (onHost + perMinute > limits.hostChecksPerMinute) return 'host'
  return null
}

/** How much is watched already, the wanted monitor itself left out of what its host bears. */
const currentLoad = async (tx: Postgres, { chatId, personId, url, address }: RequestedMonitor): Promise<CurrentLoad> =>
  (
    await tx.query<CurrentLoad>(
      `with same_host as (
         select person_id, 60.0 / interval_s as per_minute from monitor
         where paused_at is null and (host = $4 or address = $5::inet) and not (chat_id = $1 and url = $3))
       select
         (select count(*) from monitor where chat_id = $1) as "inChat",
         (select count(*) from monitor where person_id = $2) as "ofPerson",
         (select coalesce(sum(per_minute), 0) from same_host) as "onHost",
         (select coalesce(sum(per_minute), 0) from same_host where person_id = $2) as "onHostOfPerson",
         (select json_build_object('intervalS', interval_s, 'isPaused', paused_at is not null, 'personId', person_id)
          from monitor where chat_id = $1 and url = $3) as known`,
      [chatId, personId, url, hostOf(url), address],
    )
  ).rows[0]!
