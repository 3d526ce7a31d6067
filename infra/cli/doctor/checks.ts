import { migrationsDir } from '#database/migrate.ts'
import { root } from '#infra/repository.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { webhookUrl } from '#local/outside-world/telegram-connection.ts'
import { schemas } from '../database.ts'
import { type Check, type Result, skipped } from './finding.ts'
import type { Installation } from './installation.ts'
import { connectionsCheck, migrationsCheck, serverCheck } from './postgres-checks.ts'
import type { ReadOnlyDatabase } from './read-only-database.ts'
import { botCheck, webhookCheck } from './telegram-checks.ts'

/** All checks in the order in which their findings are shown. `database` is the result of `connect`. */
export const checksOf = (installation: Installation, database: ReadOnlyDatabase | Result, now: Date): Check[] => [
  ...databaseChecks(installation, database),
  ...telegramChecks(installation, now),
]

const databaseChecks = ({ place }: Installation, database: ReadOnlyDatabase | Result): Check[] => {
  const withDatabase = (check: (database: ReadOnlyDatabase) => Promise<Result>) => async () =>
    'query' in database ? check(database) : skipped('needs PostgreSQL')
  // On a cluster the broker is not in PostgreSQL.
  const ours = place === 'cluster' ? [{ dir: migrationsDir, table: 'migration' }] : schemas
  return [
    { name: 'PostgreSQL', run: async () => ('query' in database ? serverCheck(database) : database) },
    { name: 'connections', run: withDatabase(connectionsCheck) },
    { name: 'migrations', run: withDatabase(db => migrationsCheck(db, ours, place)) },
  ]
}

const telegramChecks = (installation: Installation, now: Date): Check[] => {
  const { TELEGRAM_API_ROOT, TELEGRAM_BOT_TOKEN: token, TELEGRAM_OPS_BOT_TOKEN: opsToken } = installation.env
  const apiRoot = TELEGRAM_API_ROOT ?? 'https://api.telegram.org'
  return [
    { name: 'Telegram bot', run: () => botCheck({ apiRoot, token, variable: 'TELEGRAM_BOT_TOKEN' }) },
    {
      name: 'operators bot',
      run: async () =>
        token === undefined && opsToken === undefined
          ? skipped('Telegram is simulated')
          : botCheck({ apiRoot, token: opsToken, variable: 'TELEGRAM_OPS_BOT_TOKEN' }),
    },
    { name: 'webhook', run: () => webhookCheck({ apiRoot, token, url: expectedWebhook(installation), now }) },
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
