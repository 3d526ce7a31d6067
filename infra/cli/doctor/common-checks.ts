import type { MigrationSet } from '#database/operations/backup.ts'
import { type Catalogue, catalogueCheck } from './catalogue-check.ts'
import { clockCheck, clockOfDatabase, clockOfTelegram } from './clock-check.ts'
import { type Check, type Result, skipped } from './finding.ts'
import type { Installation } from './installation.ts'
import { connectionsCheck, migrationsCheck, serverCheck } from './postgres-checks.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'
import { botCheck, webhookCheck } from './telegram-checks.ts'
import { ticksCheck } from './ticks-check.ts'
import { tvmazeCheck } from './tvmaze-check.ts'
import { deadLettersCheck, messagesCheck } from './waiting-checks.ts'

export interface CommonOptions {
  /** The result of `connect`. */
  database: ReadOnlyDatabase | Result
  /** The migrations that the database should have. */
  migrationSets: readonly MigrationSet[]
  /** The catalogue's server; null if none was started. */
  catalogue(): Promise<Catalogue | null>
  /** How long Vigia has been running, in seconds; null if that is not known. */
  runningS(): Promise<number | null>
  /** The URL of the webhook; null if updates are fetched; undefined if the URL cannot be known here. */
  webhookUrl(): string | null | undefined
  /** The time limit of one answer. */
  timeoutMs: number
}

/** The check, or a skipped one if there is no PostgreSQL. */
export const withDatabase =
  (database: ReadOnlyDatabase | Result, check: (database: ReadOnlyDatabase) => Promise<Result>) => async () =>
    'query' in database ? check(database) : skipped('needs PostgreSQL')

/** The checks of a machine and of a cluster. */
export const commonChecks = (installation: Installation, options: CommonOptions): Check[] => {
  const { database, migrationSets, catalogue, runningS, timeoutMs } = options
  return [
    { name: 'PostgreSQL', run: async () => ('query' in database ? serverCheck(database) : database) },
    { name: 'connections', run: withDatabase(database, db => connectionsCheck(db)) },
    { name: 'migrations', run: withDatabase(database, db => migrationsCheck(db, migrationSets, installation.place)) },
    { name: 'MongoDB', run: async () => catalogueCheck(installation, await catalogue(), timeoutMs) },
    { name: 'ticks', run: withDatabase(database, async db => ticksCheck(db, installation, await runningS())) },
    { name: 'messages', run: withDatabase(database, db => messagesCheck(db, installation)) },
    { name: 'dead letters', run: withDatabase(database, db => deadLettersCheck(db, installation)) },
    ...checksOfOutsideWorld(installation, options),
  ]
}

const checksOfOutsideWorld = (
  installation: Installation,
  { database, webhookUrl, timeoutMs }: CommonOptions,
): Check[] => {
  const { TELEGRAM_API_ROOT, TELEGRAM_BOT_TOKEN: token, TELEGRAM_OPS_BOT_TOKEN: opsToken } = installation.env
  const apiRoot = TELEGRAM_API_ROOT ?? 'https://api.telegram.org'
  const clocks = [
    ...('query' in database ? [clockOfDatabase(database)] : []),
    ...(token === undefined ? [] : [clockOfTelegram(apiRoot, timeoutMs)]),
  ]
  return [
    { name: 'Telegram bot', run: () => botCheck({ apiRoot, token, variable: 'TELEGRAM_BOT_TOKEN' }) },
    {
      name: 'operators bot',
      run: async () =>
        token === undefined && opsToken === undefined
          ? skipped('Telegram is simulated')
          : botCheck({ apiRoot, token: opsToken, variable: 'TELEGRAM_OPS_BOT_TOKEN' }),
    },
    { name: 'webhook', run: async () => webhookCheck({ apiRoot, token, url: webhookUrl(), now: new Date() }) },
    { name: 'TVmaze', run: () => tvmazeCheck(installation, timeoutMs) },
    { name: 'clock', run: () => clockCheck(clocks, Date.now) },
  ]
}
