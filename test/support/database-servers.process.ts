/** A process that runs both servers on the data folder given to it until it is killed; tells their pids in one line of JSON. */
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
