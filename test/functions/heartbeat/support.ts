import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Postgres } from '#database/connect.ts'
import { isTransient } from '#database/unavailable.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import type { VigiaEvent } from '#events/event.ts'
import type { HeartbeatSettings } from '#events/heartbeat-settings.ts'
import { heartbeatMonitor } from '#functions/checks/heartbeat.ts'
import { type ChangedHeartbeat, changeEvent } from '#functions/heartbeat/changes.ts'
import { checkDeadlines, excuse } from '#functions/heartbeat/deadlines.ts'
import { heartbeat } from '#functions/heartbeat/heartbeat.ts'
import { type PingLimits, pingWriter } from '#functions/heartbeat/ping-writer.ts'
import { storePings } from '#functions/heartbeat/store-pings.ts'
import { floodGuard } from '#functions/host/flood-guard.ts'
import type { Context, HttpResponse } from '#functions/host/function-definition.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

export const chatId = 7
export const noon = Date.parse('2026-11-21T12:00:00Z')
export const second = 1_000
export const minute = 60 * second
export const period = 10 * minute
export const grace = minute
const regular = { periodS: period / second, graceS: grace / second }

/** A database for one test file, with one chat and no heartbeat at the beginning of each test. */
export const heartbeatDatabase = (): TestDatabase => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await freshDatabase()
    await database.db.query('insert into chat (id) values ($1)', [chatId])
  })
  afterAll(() => database.end())
  beforeEach(() =>
    database.db.query(
      'truncate monitor, incident, follow, heartbeat_key, maintenance, cursor restart identity cascade',
    ),
  )
  return {
    get url() {
      return database.url
    },
    get db() {
      return database.db
    },
    end: () => database.end(),
  }
}

/** Adds a heartbeat that exists since long before noon. */
export const addHeartbeat = async (db: Postgres, slug = 'backup', settings: HeartbeatSettings = regular) => {
  const { monitor } = await monitorsIn(db).add({ chatId, ...heartbeatMonitor(slug, settings) })
  await db.query(`update monitor set active_since = '2026-11-01T00:00:00Z' where id = $1`, [monitor.id])
  const key = await heartbeatsIn(db).keyOf(chatId)
  const added = await heartbeatsIn(db).ensure({ monitorId: monitor.id, chatId, slug })
  return { id: monitor.id, token: added!.token, key, slug }
}

/** The function on a database, with a clock that stands still until the test moves it. */
export const startHeartbeat = (db: Postgres, { monitorsPerChat = 50, limits = {} as Partial<PingLimits> } = {}) => {
  const time = { now: noon }
  const clock = () => new Date(time.now)
  const told: ChangedHeartbeat[] = []
  const writer = pingWriter({
    store: storePings(db, { monitorsPerChat }),
    isTransient,
    now: clock,
    recovered: gap => excuse(db, gap),
    limits,
  })
  const isFlood = floodGuard(clock)
  const tick = async (): Promise<VigiaEvent[]> => {
    await writer.settle()
    const changed = await checkDeadlines({ db, clock })
    await heartbeatsIn(db).markTold(changed)
    return changed.map(changeEvent)
  }
  return {
    time,
    writer,
    /** The changes that pings led to. */
    told,
    /** Sends a ping as the host would. `isBrokerDown`: the events about its change are lost. */
    ping: async (url: string, { method = 'GET', body = '', isBrokerDown = false } = {}): Promise<HttpResponse> => {
      const { pathname: path, searchParams: query } = new URL(url, 'http://vigia.test')
      const changes: ChangedHeartbeat[] = []
      const request = { method, path, query, headers: {}, body: Buffer.from(body) }
      const tell = (changed: readonly ChangedHeartbeat[]) => void changes.push(...changed)
      const response = await heartbeat(request, {} as Context, { writer, clock, tell, isFlood })
      told.push(...changes)
      if (!isBrokerDown) await heartbeatsIn(db).markTold(changes)
      return response
    },
    /** Checks the deadlines, as at every tick. Returns the events. */
    tick,
    /** Moves the clock with a tick every twenty seconds. Returns the events of all ticks. */
    pass: async (ms: number): Promise<VigiaEvent[]> => {
      const events: VigiaEvent[] = []
      for (const end = time.now + ms; time.now < end; ) {
        time.now = Math.min(end, time.now + 20 * second)
        events.push(...(await tick()))
      }
      return events
    },
  }
}

export const stored = async (db: Postgres, id: number) => (await heartbeatsIn(db).of([id])).get(id)!
