import { isIP } from 'node:net'
import type { Postgres } from '../connect.ts'

/**
 * The limit that would be exceeded. `chat`, `person`: the number of monitors of the chat or of the person. `host`: the
 * planned checks of the host per minute. `personHost`: the part of these checks that counts for the person.
 */
export type ExceededLimit = 'chat' | 'person' | 'host' | 'personHost'

/** The limits of functions/monitors/limits.ts that concern monitors. */
export interface MonitorLimits {
  monitorsPerChat: number
  monitorsPerPerson: number
  hostChecksPerMinute: number
  personHostChecksPerMinute: number
}

/** A monitor that a person wants to add, change or resume. */
export interface RequestedMonitor {
  chatId: number
  /** null: a key of the command line, so that only the limits of the chat and of the host count. */
  personId: number | null
  /** The monitor that changes; by default that of the same URL and key. */
  id?: number
  url: string
  /** The key of the monitor in vigia.yaml. */
  configKey?: string | null
  /** One address of the host, if it is known. */
  address: string | null
  intervalS: number
}

/** The host of a URL in the form of the column `monitor.host`; an IPv6 address is in brackets. */
export const hostOf = (url: string): string =>
  // The class URL normalises the host only for http and similar schemes.
  new URL(url.replace(/^[a-z]+:/i, 'http:')).hostname.replace(/\.+$/, '')

/** The address in a host; null if the host is a name. An IPv4 address inside an IPv6 address is returned as IPv4. */
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
  existing: { intervalS: number; isPaused: boolean; isSameHost: boolean; personId: number | null } | null
}

/** Takes the lock for the numbers of monitors until the transaction ends. */
export const lockMonitorLimits = async (tx: Postgres): Promise<void> => {
  await tx.query(`select pg_advisory_xact_lock(hashtext('vigia monitor limits'))`)
}

/**
 * The limit that `wanted` would exceed, or null. It takes a lock for all monitors until the transaction ends, so that
 * parallel requests count the monitors of each other. A change that does not add load is always allowed, even above a
 * limit.
 */
export const exceededLimit = async (
  tx: Postgres,
  wanted: RequestedMonitor,
  limits: MonitorLimits,
): Promise<ExceededLimit | null> => {
  await lockMonitorLimits(tx)
  const { inChat, ofPerson, onHost, onHostOfPerson, existing } = await currentLoad(tx, wanted)
  const perMinute = 60 / wanted.intervalS
  const isLighter = existing?.isSameHost && !existing.isPaused && wanted.intervalS >= existing.intervalS
  if (isLighter) return null
  if (existing === null && inChat >= limits.monitorsPerChat) return 'chat'
  if (wanted.personId !== null && existing?.personId !== wanted.personId && ofPerson >= limits.monitorsPerPerson)
    return 'person'
  if (wanted.personId !== null && onHostOfPerson + perMinute > limits.personHostChecksPerMinute) return 'personHost'
  if (onHost + perMinute > limits.hostChecksPerMinute) return 'host'
  return null
}

/** SQL: whether the row is the wanted monitor. Monitors of a file may share a URL. */
const isSame = `case when $7::bigint is null then chat_id = $1 and url = $3 and config_key is not distinct from $6
  else id = $7 end`

/** The present numbers of monitors and checks. The load of the host does not include the wanted monitor itself. */
const currentLoad = async (
  tx: Postgres,
  { chatId, personId, id, url, configKey = null, address }: RequestedMonitor,
): Promise<CurrentLoad> =>
  (
    await tx.query<CurrentLoad>(
      `with same_host as (
         select person_id, 60.0 / interval_s as per_minute from monitor
         where paused_at is null and (host = $4 or address = $5::inet) and not (${isSame}))
       select
         (select count(*) from monitor where chat_id = $1) as "inChat",
         (select count(*) from monitor where person_id = $2) as "ofPerson",
         (select coalesce(sum(per_minute), 0) from same_host) as "onHost",
         (select coalesce(sum(per_minute), 0) from same_host where person_id = $2) as "onHostOfPerson",
         (select json_build_object('intervalS', interval_s, 'isPaused', paused_at is not null, 'isSameHost', host = $4, 'personId', person_id)
          from monitor where ${isSame}) as existing`,
      [chatId, personId, url, hostOf(url), address, configKey, id ?? null],
    )
  ).rows[0]!
