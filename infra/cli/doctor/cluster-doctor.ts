import { migrationsDir } from '#database/migrate.ts'
import { UsageError } from '../usage-error.ts'
import { recordedBackup, recordedBackupCheck } from './backup-check.ts'
import { commonChecks, withDatabase } from './common-checks.ts'
import { answerTimeoutMs, doctorVerb } from './doctor-verb.ts'
import { withoutEmpty } from './installation.ts'
import { connect } from './postgres-checks.ts'
import { brokerCheck } from './runtime-checks.ts'

/**
 * The doctor in a pod of a cluster. It does not import the doctor of one machine, because the image does not contain
 * the one-machine runtime.
 */
export const verb = doctorVerb('doctor [--json]', async (given, backups) => {
  if (backups !== undefined) throw new UsageError('--backups works only on one machine')
  const env = withoutEmpty(given)
  const installation = { place: 'cluster', dataDir: null, env } as const
  const database = await connect(installation, async () => null, answerTimeoutMs)
  const catalogue = env.MONGODB_URI === undefined ? null : { uri: env.MONGODB_URI, isPersistent: true }
  return {
    database,
    checks: [
      { name: 'broker', run: () => brokerCheck(env.K_SINK ?? '', answerTimeoutMs) },
      {
        name: 'backup',
        run: withDatabase(database, async db => recordedBackupCheck(await recordedBackup(db), new Date())),
      },
      ...commonChecks(installation, {
        database,
        // The broker of a cluster keeps its events itself, and not in PostgreSQL.
        migrationSets: [{ dir: migrationsDir, table: 'migration' }],
        catalogue: async () => catalogue,
        runningS: async () => null,
        webhookUrl: () => undefined,
        timeoutMs: answerTimeoutMs,
      }),
    ],
  }
})
