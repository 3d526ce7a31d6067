import { afterEach, beforeAll, beforeEach } from 'vitest'
import type { BrokerOptions, Trigger } from '#local/broker/broker.ts'
import { type BrokerServer, type Recorder, startBrokerServer, startRecorder } from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'

/** Gives each test of a file an empty database and an empty recorder, and stops the test's brokers after the test. */
export const brokerFixture = () => {
  let database: TestDatabase
  // This object is filled before the first test, so that a test file can destructure the fixture at once.
  const recorder = {} as Recorder
  const servers: BrokerServer[] = []

  beforeAll(async () => {
    Object.assign(recorder, await startRecorder())
    return recorder.stop
  })
  beforeEach(async () => {
    database = await emptyDatabase()
    recorder.reset()
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop()
    await database.end()
  })

  return {
    recorder,
    /** The database of the current test. */
    database: () => database,
    open: async (triggers: readonly Trigger[], more: Partial<BrokerOptions> = {}): Promise<BrokerServer> => {
      const server = await startBrokerServer(database.url, triggers, more)
      servers.push(server)
      return server
    },
    close: async (server: BrokerServer) => {
      servers.splice(servers.indexOf(server), 1)
      await server.stop()
    },
    /** The URL of a path of the recorder. */
    at: (path: string) => recorder.url + path,
  }
}

/** Waits until every event of this type is done. */
export const allDone = async ({ broker }: BrokerServer, type = 'test') =>
  until(
    async () => {
      const events = await broker.reads.events({ type, limit: 1000 })
      return events.length > 0 && events.every(({ state }) => state === 'done')
    },
    { what: 'every event to be done' },
  )
