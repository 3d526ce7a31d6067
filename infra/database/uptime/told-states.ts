import type { Postgres } from '../connect.ts'
import { maintenanceOf } from './maintenance.ts'

/** The state of a monitor as chats are told of it. A monitor that was not judged yet counts as up. */
export type ToldState = 'up' | 'down' | 'flapping'

/** A monitor whose state the chats do not know yet, and what may hold the message back. */
export interface Untold {
  id: number
  told: ToldState
  actual: ToldState
  /** timed: a person wants no message before a time; until-up: none before the monitor is up again. */
  silence: 'none' | 'timed' | 'until-up'
  /** Maintenance goes on, or the monitor was not checked since it ended a moment ago. */
  inMaintenance: boolean
  /** Its parent is down, or was not checked since this monitor failed, or this monitor not since the parent is up. */
  isExplained: boolean
  /** The parent that was not checked since this monitor failed. */
  uncheckedParentId: number | null
}

/** How often a reminder is sent while a monitor is down. doubling: after 30 min, 1 h, 2 h, … */
export const reminderSettings = ['off', '30m', '2h', 'doubling'] as const
export type ReminderSetting = (typeof reminderSettings)[number]

/** A monitor that is down, as the chats know, and of which a reminder may be sent. */
export interface KnownDown {
  id: number
  setting: ReminderSetting
  toldAt: Date
  /** The number of the last reminder. */
  reminded: number
  /** When the last silence ended; null if there was none since the last message. */
  silenceEndedAt: Date | null
}

/** How well a monitor works that is up, where the chats do not know it yet. */
export interface Quality {
  monitorId: number
  chatId: number
  name: string
  url: string
  judgedAt: Date
  /** Since when it is slow, and since when the chats know that it is slow; null if it is not. */
  slowSince: Date | null
  toldSlowSince: Date | null
  /** The time of the check that confirmed that it is slow; of a heartbeat, the duration of the slow run. */
  slowMs: number | null
  isHeartbeat: boolean
  /** The usual duration of a run of a heartbeat; null if it is not slow any more. */
  usualRunMs: number | null
  /** The smallest number of days of a warning within which the certificate expires, and what the chats know. */
  certificateDays: number | null
  toldCertificateDays: number | null
  certificateExpiresAt: Date | null
}

/** What the chats are told about a monitor. */
export interface Told {
  id: number
  state: ToldState
  at: Date
  /** The newest incident of the monitor. */
  incidentId: number
  /** The id of the event. */
  by: string
}

/** SQL: the state of the row `monitor` that the chats should know. The index `monitor_untold` has the same text. */
const actual = `case when settles_at is not null then 'flapping' when state = 'down' then 'down' else 'up' end`

/**
 * SQL: how long a failure waits for a check of its parent, which was requested when the failure was found. Each attempt
 * of that check may last as long as its timeout.
 */
const parentWait = `make_interval(secs => 30 + parent.confirmations * (parent.timeout_ms / 1000.0 + 2))`

/**
 * SQL: whether the row `monitor` was not checked since that time. A heartbeat is not checked; its next ping is expected
 * within its period, and not awaited for longer than an hour.
 */
const notCheckedSince = (time: string) =>
  `(monitor.judged_at <= ${time} and (monitor.kind <> 'heartbeat'
    or moment.at < ${time} + make_interval(secs => least(monitor.interval_s, 3600))))`

/** SQL: how long after the end of maintenance a monitor that is down waits for its next check. */
const afterMaintenance = `interval '5 minutes'`

/** SQL: the monitors with a state that the chats do not know. */
export const untoldMonitors = `monitor where paused_at is null and told_state <> ${actual}`

/** SQL: the monitors that are down, as the chats know, and that have reminders or a silence that is over. */
export const remindedAt = (now: string): string => `monitor
  where told_state = 'down' and state = 'down' and settles_at is null and paused_at is null
    and (reminder <> 'off' or silenced_until is not null) and coalesce(silenced_until <= ${now}, true)`

/** SQL: the monitors with a quality that the chats do not know. */
export const untoldQualities = `monitor left join heartbeat on heartbeat.monitor_id = monitor.id
  where (slow_since is distinct from told_slow_since or certificate_days is distinct from told_certificate_days)
    and monitor.state = 'up' and settles_at is null and paused_at is null`

/** SQL: the rows `Untold` of the monitors that `moment` names, each at the time `moment.at`. */
const untold = (moment: string) => `
  select monitor.id, told_state as told, ${actual} as actual,
    case when silenced_until = 'infinity' then 'until-up' when silenced_until > moment.at then 'timed' else 'none' end as silence,
    exists (${maintenanceOf('monitor')} and starts_at <= moment.at and (
      ends_at > moment.at or (ends_at > monitor.judged_at and ends_at > moment.at - ${afterMaintenance})
    )) as "inMaintenance",
    coalesce(parent.is_down or parent.is_unchecked or ${notCheckedSince('parent.state_since')}, false) as "isExplained",
    case when parent.is_unchecked and not parent.is_down then parent.id end as "uncheckedParentId"
  from monitor join ${moment} on true
  left join lateral (
    select parent.id, parent.state_since, parent.state = 'down' as is_down,
      parent.kind <> 'heartbeat' and parent.judged_at < monitor.state_since
        and moment.at < monitor.state_since + ${parentWait} as is_unchecked
    from monitor parent
    where parent.id = monitor.parent_id and parent.paused_at is null and parent.state <> 'new'
  ) parent on true
  where monitor.paused_at is null and told_state <> ${actual}`

/** The columns of the table `monitor` about what the chats were told. */
export const toldStatesIn = (db: Postgres) => ({
  /** Which of these monitors, at these times, have a state that the chats do not know. The caller has locked them. */
  untoldAmong: async (moments: readonly { monitorId: number; at: Date }[]): Promise<Untold[]> =>
    moments.length === 0
      ? []
      : (
          await db.query<Untold>(
            `${untold('unnest($1::bigint[], $2::timestamptz[]) as moment (id, at)')} and monitor.id = moment.id`,
            [moments.map(({ monitorId }) => monitorId), moments.map(({ at }) => at)],
          )
        ).rows,

  /**
   * All monitors with a state that the chats do not know at that time. They stay locked until the transaction ends. A
   * monitor that another transaction has locked is left out.
   */
  allUntold: async (at: Date): Promise<Untold[]> =>
    (
      await db.query<Untold>(
        `${untold('(select $1::timestamptz as at) moment')} order by monitor.id for update of monitor skip locked`,
        [at],
      )
    ).rows,

  /** Stores what the chats are told. Removes a silence that is over, and with the recovery a silence `until-up`. */
  save: async (told: readonly Told[]): Promise<void> => {
    if (told.length === 0) return
    await db.query(
      `update monitor set told_state = told.state, told_at = told.at, told_incident_id = told.incident_id, told_by = told.by,
         reminded = 0,
         silenced_until = case when silenced_until > told.at and not (silenced_until = 'infinity' and told.state = 'up')
           then silenced_until end
       from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[]) as told (id, state, at, incident_id, by)
       where monitor.id = told.id`,
      [
        told.map(({ id }) => id),
        told.map(({ state }) => state),
        told.map(({ at }) => at),
        told.map(({ incidentId }) => incidentId),
        told.map(({ by }) => by),
      ],
    )
  },

  /**
   * The monitors of which reminders may be sent: the chats know that they are down, nobody has acknowledged it, and
   * nothing holds messages back. They stay locked until the transaction ends.
   */
  knownDown: async (now: Date): Promise<KnownDown[]> =>
    (
      await db.query<KnownDown>(
        `select monitor.id, reminder as setting, told_at as "toldAt", reminded, silenced_until as "silenceEndedAt"
         from ${remindedAt('$1')}
           and not exists (
             select from incident_answer join incident on incident.id = incident_id
             where monitor_id = monitor.id and incident.id >= told_incident_id and answer = 'acknowledge'
           )
           and not exists (${maintenanceOf('monitor')} and starts_at <= $1 and ends_at > $1)
           and not exists (select from monitor parent where parent.id = monitor.parent_id and parent.state = 'down')
         order by monitor.id for update of monitor skip locked`,
        [now],
      )
    ).rows,

  /**
   * The monitors that are up, as the chats know, and that became slow or fast or have another state of their
   * certificate, if nothing holds messages back. They stay locked until the transaction ends.
   */
  untoldQuality: async (now: Date): Promise<Quality[]> =>
    (
      await db.query<Quality>(
        `select id as "monitorId", monitor.chat_id as "chatId", name, url, judged_at as "judgedAt", slow_since as "slowSince",
           told_slow_since as "toldSlowSince", slow_ms as "slowMs", kind = 'heartbeat' as "isHeartbeat",
           usual_run_ms as "usualRunMs", certificate_days as "certificateDays",
           told_certificate_days as "toldCertificateDays", certificate_expires_at as "certificateExpiresAt"
         from ${untoldQualities} and told_state = 'up' and coalesce(silenced_until <= $1, true)
           and not exists (${maintenanceOf('monitor')} and starts_at <= $1 and ends_at > $1)
         order by id for update of monitor skip locked`,
        [now],
      )
    ).rows,

  /** Stores that the chats know how well these monitors work. */
  saveQuality: async (monitorIds: readonly number[]): Promise<void> => {
    if (monitorIds.length === 0) return
    await db.query(
      'update monitor set told_slow_since = slow_since, told_certificate_days = certificate_days where id = any ($1)',
      [monitorIds],
    )
  },

  /** Stores the numbers of the reminders, and that a silence is over. */
  saveReminded: async (reminders: readonly { id: number; number: number }[]): Promise<void> => {
    await db.query(
      `update monitor set reminded = reminder.number, silenced_until = null
       from unnest($1::bigint[], $2::integer[]) as reminder (id, number) where monitor.id = reminder.id`,
      [reminders.map(({ id }) => id), reminders.map(({ number }) => number)],
    )
  },
})

export type ToldStates = ReturnType<typeof toldStatesIn>
