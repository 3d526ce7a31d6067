/**
 * A process that runs PostgreSQL and MongoDB on the data folder in its first argument until it is killed. It prints one
 * line of JSON: the URL and the pids, or why the servers did not start.
 */
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'

const [dataDir = ''] = process.argv.slice(2)
try {
  const postgres = await startPostgres({ dataDir })
  const mongo = await startMongo({ dataDir, env: { HOME: dataDir } })
  process.stdout.write(`${JSON.stringify({ url: postgres.url, postgres: postgres.pid, mongo: mongo.pid })}\n`)
  setInterval(() => {}, 2 ** 30)
} catch (error) {
  process.stdout.write(`${JSON.stringify({ refusal: (error as Error).message })}\n`)
}
