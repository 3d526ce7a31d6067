import { migrationsDir } from '#database/migrate.ts'
import { root } from '#infra/repository.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { webhookUrl } from '#local/outside-world/telegram-connection.ts'
import { schemas } from '../database.ts'
import { backupCheck } from './backup-check.ts'
import { catalogueCheck } from './catalogue-check.ts'
import { clockCheck, clockOfDatabase, clockOfTelegram } from './clock-check.ts'
import { diskCheck } from './disk-check.ts'
import { type Check, type Result, skipped } from './finding.ts'
import type { Installation } from './installation.ts'
import { connectionsCheck, migrationsCheck, serverCheck } from './postgres-checks.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'
import { brokerCheck, runtimeCheck, runtimeOn, versionsCheck } from './runtime-checks.ts'
import { settingsCheck } from './settings-check.ts'
import { botCheck, webhookCheck } from './telegram-checks.ts'
import { ticksCheck } from './ticks-check.ts'
import { tvmazeCheck } from './tvmaze-check.ts'
import { deadLettersCheck, deliveriesCheck, messagesCheck } from './waiting-checks.ts'

export interface ChecksOptions {
  /** The result of `connect`. */
  database: ReadOnlyDatabase | Result
  /** The folder where the newest backup should be. */
  backups: string
  now: Date
  /** The time limit of one answer. */
  timeoutMs: number
}

/** All checks of the installation, in the order in which their findings are shown. */
export const checksOf = (installation: Installation, options: ChecksOptions): Check[] => {
  const { database, timeoutMs } = options
  const withDatabase = (check: (database: ReadOnlyDatabase) => Promise<Result>) => async () =>
    'query' in database ? check(database) : skipped('needs PostgreSQL')
  return [
    ...(installation.place === 'cluster'
      ? checksOfCluster(installation, withDatabase, timeoutMs)
      : checksOfMachine(installation, withDatabase, options)),
    { name: 'PostgreSQL', run: async () => ('query' in database ? serverCheck(database) : database) },
    { name: 'connections', run: withDatabase(db => connectionsCheck(db)) },
    { name: 'MongoDB', run: () => catalogueCheck(installation, timeoutMs) },
    { name: 'messages', run: withDatabase(db => messagesCheck(db, installation)) },
    { name: 'dead letters', run: withDatabase(db => deadLettersCheck(db, installation)) },
    ...checksOfOutsideWorld(installation, options),
  ]
}

type WithDatabase = (check: (database: ReadOnlyDatabase) => Promise<Result>) => () => Promise<Result>

const checksOfMachine = (
  installation: Installation,
  withDatabase: WithDatabase,
  { backups, now, timeoutMs }: ChecksOptions,
): Check[] => {
  const { env, dataDir, place } = installation
  const port = env.PORT ?? '8080'
  const runtime = runtimeOn(port, timeoutMs)
  return [
    { name: 'settings', run: () => settingsCheck(installation) },
    { name: 'Vigia', run: async () => runtimeCheck(await runtime, port) },
    { name: 'versions', run: async () => versionsCheck(await runtime) },
    { name: 'disk', run: () => diskCheck(dataDir!) },
    { name: 'backup', run: () => backupCheck(backups, now) },
    { name: 'migrations', run: withDatabase(db => migrationsCheck(db, schemas, place)) },
    {
      name: 'ticks',
      run: withDatabase(async db => ticksCheck(db, installation, (await runtime)?.runningS ?? null)),
    },
    { name: 'deliveries', run: withDatabase(db => deliveriesCheck(db, installation)) },
  ]
}

const checksOfCluster = (installation: Installation, withDatabase: WithDatabase, timeoutMs: number): Check[] => {
  // On a cluster the broker keeps its events itself.
  const ours = [{ dir: migrationsDir, table: 'migration' }]
  return [
    { name: 'broker', run: () => brokerCheck(installation.env.K_SINK!, timeoutMs) },
    { name: 'migrations', run: withDatabase(db => migrationsCheck(db, ours, installation.place)) },
    { name: 'ticks', run: withDatabase(db => ticksCheck(db, installation, null)) },
  ]
}

const checksOfOutsideWorld = (installation: Installation, { database, now, timeoutMs }: ChecksOptions): Check[] => {
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
    { name: 'webhook', run: async () => webhookCheck({ apiRoot, token, url: expectedWebhook(installation), now }) },
    { name: 'TVMaze', run: () => tvmazeCheck(installation, timeoutMs) },
    { name: 'clock', run: () => clockCheck(clocks, Date.now) },
  ]
}

/** The URL of the webhook; null if updates are fetched; undefined on a cluster, whose address is not known here. */
const expectedWebhook = ({ place, env }: Installation): string | null | undefined => {
  if (place === 'cluster') return undefined
  if (env.PUBLIC_URL === undefined) return null
  const { functions } = readManifests(manifestFiles(env.VIGIA_MANIFESTS ?? root))
  return (
    webhookUrl({ functions, publicUrl: new URL(env.PUBLIC_URL), isSimulated: false, port: 0, publicPort: 0 }) ?? null
  )
}
