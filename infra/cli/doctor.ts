import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '#infra/repository.ts'
import { runningMongo } from '#local/databases/mongodb.ts'
import { runningPostgres } from '#local/databases/postgres.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { webhookUrl } from '#local/outside-world/telegram-connection.ts'
import { dataFolderOf, migrationSets } from './database.ts'
import { backupCheck, recordedBackup } from './doctor/backup-check.ts'
import { commonChecks, withDatabase } from './doctor/common-checks.ts'
import { diskCheck } from './doctor/disk-check.ts'
import { answerTimeoutMs, doctorVerb } from './doctor/doctor-verb.ts'
import { type Installation, withoutEmpty } from './doctor/installation.ts'
import { connect } from './doctor/postgres-checks.ts'
import { runtimeCheck, runtimeOn, versionsCheck } from './doctor/runtime-checks.ts'
import { settingsCheck } from './doctor/settings-check.ts'
import { deliveriesCheck } from './doctor/waiting-checks.ts'

const help = 'doctor [--json] [--backups /backups]      checks the installation, and says what to do about each finding'

/** The doctor of one machine. It needs the environment of `npm start`. */
export const verb = doctorVerb(help, async (given, backups = '/backups') => {
  const env = withoutEmpty(given)
  const dataDir = await dataFolderOf(env)
  const installation: Installation = { place: 'machine', dataDir, env }
  const database = await connect(installation, () => ownServer(dataDir), answerTimeoutMs)
  const port = env.PORT ?? '8080'
  const runtime = runtimeOn(port, answerTimeoutMs)
  return {
    database,
    checks: [
      { name: 'settings', run: () => settingsCheck(installation) },
      { name: 'Vigia', run: async () => runtimeCheck(await runtime, port) },
      { name: 'versions', run: async () => versionsCheck(await runtime) },
      { name: 'disk', run: () => diskCheck(dataDir) },
      { name: 'backup', run: async () => backupCheck(resolve(backups), await recordedIn(database), new Date()) },
      { name: 'deliveries', run: withDatabase(database, db => deliveriesCheck(db, installation)) },
      ...commonChecks(installation, {
        database,
        migrationSets,
        catalogue: async () =>
          env.MONGODB_URI === undefined ? runningMongo(dataDir) : { uri: env.MONGODB_URI, isPersistent: true },
        runningS: async () => (await runtime)?.runningS ?? null,
        webhookUrl: () => expectedWebhook(env),
        timeoutMs: answerTimeoutMs,
      }),
    ],
  }
})

/** The recorded time of the last backup; null without one, or if PostgreSQL fails, which another check reports. */
const recordedIn = async (database: Awaited<ReturnType<typeof connect>>) =>
  'query' in database ? recordedBackup(database).catch(() => null) : null

/**
 * The URL of the PostgreSQL that Vigia has started; null if it does not run. PostgreSQL writes postmaster.pid when it
 * starts and removes the file when it stops.
 */
const ownServer = async (dataDir: string): Promise<string | null> =>
  existsSync(join(dataDir, 'postgres/data/postmaster.pid')) ? runningPostgres(dataDir) : null

const expectedWebhook = ({ PUBLIC_URL, VIGIA_MANIFESTS }: Installation['env']): string | null => {
  if (PUBLIC_URL === undefined) return null
  const { functions } = readManifests(manifestFiles(VIGIA_MANIFESTS ?? root))
  return webhookUrl({ functions, publicUrl: new URL(PUBLIC_URL), isSimulated: false, port: 0, publicPort: 0 }) ?? null
}
