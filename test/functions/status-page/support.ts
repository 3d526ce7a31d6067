import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Postgres } from '#database/connect.ts'
import { readLogo } from '#database/pages/logo-files.ts'
import { pageDoorsIn } from '#database/pages/page-doors.ts'
import { pageSnapshotsIn } from '#database/pages/page-snapshots.ts'
import { statusPagesIn, type WantedPage } from '#database/pages/status-pages.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import { episodeCalendarsIn } from '#database/series/episode-calendars.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import type { Context } from '#functions/host/function-definition.ts'
import type { RenderedPage } from '#functions/status-page/render.ts'
import { responseCache } from '#functions/status-page/response-cache.ts'
import { statusPage } from '#functions/status-page/status-page.ts'
import { withoutOptions } from '#test/support/monitors.ts'

export const chatId = 7
export const noon = new Date('2026-11-21T15:00:00Z')
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** Adds a monitor that is up and was checked a moment ago. */
export const addMonitor = async (
  db: Postgres,
  name: string,
  fields: { state?: string; group?: string; chat?: number } = {},
): Promise<number> => {
  const { monitor } = await monitorsIn(db).add({
    ...withoutOptions,
    chatId: fields.chat ?? chatId,
    name,
    kind: 'http',
    url: `https://internal.test/${encodeURIComponent(name)}?token=secret`,
    intervalS: 60,
    timeoutMs: 10_000,
    groupName: fields.group ?? null,
  })
  await db.query(
    `update monitor set state = $2, state_since = $3::timestamptz - interval '2 days', judged_at = $3, last_ok_at = $3 where id = $1`,
    [monitor.id, fields.state ?? 'up', noon],
  )
  return monitor.id
}

/** Sums of an hour; what is not given is 0. */
interface Hour {
  ok?: number
  failed?: number
  missed?: number
  maintenance?: number
  totalMs?: number
}

/** Stores the sums of hours: `hours[i]` is the hour that began `i` hours before the present one. */
export const addHours = async (db: Postgres, monitorId: number, hours: readonly Hour[]): Promise<void> => {
  const column = (name: keyof Hour) => hours.map(hour => hour[name] ?? 0)
  await db.query(
    `insert into probe_hour (monitor_id, hour, ok, failed, missed, maintenance, total_ms, ok_s, failed_s)
     select $1, date_trunc('hour', $2::timestamptz) - (place - 1) * interval '1 hour', ok, failed, missed, maintenance, total_ms,
       ok * 60, failed * 60
     from unnest($3::int[], $4::int[], $5::int[], $6::int[], $7::float8[]) with ordinality
       as sums (ok, failed, missed, maintenance, total_ms, place)`,
    [
      monitorId,
      noon,
      column('ok'),
      column('failed'),
      column('missed'),
      column('maintenance'),
      hours.map(({ ok = 0, totalMs = ok * 120 }) => totalMs),
    ],
  )
}

/** The hours of `days` days without an outage. */
export const goodHours = (days: number): Hour[] => Array.from({ length: days * 24 }, () => ({ ok: 60 }))

export const addPage = async (db: Postgres, monitorIds: readonly number[], fields: Partial<WantedPage> = {}) => {
  const added = await statusPagesIn(db).add({
    chatId,
    slug: 'acme',
    title: 'Acme',
    language: 'pt-BR',
    access: 'public',
    components: monitorIds.map(monitorId => ({ monitorId, name: null, group: null })),
    ...fields,
  })
  if ('taken' in added) throw new Error(`the ${added.taken} is taken`)
  return added
}

/** The function on a database, with a clock that stands still until the test moves it. */
export const startStatusPage = (
  db: Postgres,
  pagesUrl = 'https://vigia.test/status',
  catalogue: Pick<Catalogue, 'shows'> = { shows: async () => [] },
) => {
  const time = { now: noon }
  const clock = () => time.now
  const queries: string[] = []
  const logged: unknown[] = []
  const state = { isDown: false }
  const cache = responseCache<RenderedPage>({
    clock,
    freshMs: 1_000,
    refreshMs: 15_000,
    staleMs: hourMs,
    bytesOf: ({ length }) => 1.5 * length,
    mostBytes: 4 * 1024 * 1024,
  })
  const calendarCache = responseCache<RenderedPage>({
    ...{ clock, freshMs: 60_000, refreshMs: 60_000, staleMs: hourMs },
    ...{ bytesOf: ({ length }: RenderedPage) => length, mostBytes: 1024 * 1024 },
  })
  const unavailable = () => Promise.reject(new Error('PostgreSQL is unavailable'))
  const counted = (inner: Postgres): Postgres => ({
    ...inner,
    query: (sql, values) => {
      queries.push(sql)
      return state.isDown ? unavailable() : inner.query(sql, values)
    },
    transaction: work => (state.isDown ? unavailable() : inner.transaction(tx => work(counted(tx)))),
  })
  const snapshots = pageSnapshotsIn(counted(db))
  const upkeeps: Promise<void>[] = []
  const write = (line: unknown) => logged.push(line)
  const log = { error: write, warn: write } as unknown as Context['log']
  const later = (upkeep: Promise<void>) => {
    upkeeps.push(upkeep)
    return upkeep
  }
  return {
    time,
    queries,
    logged,
    state,
    /** Waits for what the function does for the next visitors. */
    upkeep: async () => {
      await Promise.allSettled(upkeeps)
    },
    /** Requests a page as the host would. `content` and `text` are what was answered, unzipped. */
    get: async (url: string, headers: Record<string, string> = {}) => {
      const { pathname: path, searchParams: query } = new URL(url, 'http://vigia.test')
      const response = await statusPage(
        { method: 'GET', path, query, headers, body: Buffer.alloc(0) },
        { log },
        {
          doors: pageDoorsIn(counted(db)),
          read: async (wanted, known) => {
            const found = await snapshots.read(wanted, known)
            return found && { ...found, upkeep: () => later(found.upkeep()) }
          },
          readLogo: (address, hash) => readLogo(counted(db), address, hash),
          cache,
          clock,
          pagesUrl,
          botName: 'VigiaBot',
          episodes: {
            calendars: episodeCalendarsIn(counted(db)),
            noticeSettings: noticeSettingsIn(counted(db)),
            catalogue,
            calendarCache,
            clock,
          },
        },
      )
      const { body = '', headers: sent = {} } = response
      const bytes = Buffer.from(body)
      const decoded = { gzip: gunzipSync, br: brotliDecompressSync }[sent['content-encoding'] ?? '']
      const content = decoded?.(bytes) ?? bytes
      return { status: response.status, headers: sent, bytes: bytes.length, content, text: content.toString() }
    },
  }
}
