import { afterAll, beforeAll } from 'vitest'
import type { BrokerOptions, Trigger } from '#local/broker/broker.ts'
import { type BrokerServer, type Recorder, startBrokerServer, startRecorder } from '#test/support/broker-server.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'

/*
 * The tests conformance-*.test.ts run the rows of test/support/broker-conformance, which also run on a real Knative.
 * Each file starts one broker for all its rows. conformance-skipped.test.ts lists what has no row.
 */

/**
 * Starts a database, a recorder and a broker before the tests of a file, and stops them after the tests. `triggersOf`
 * returns the Triggers of the broker and may set rules of the recorder. The returned objects are filled before the
 * first test.
 */
export const conformanceBroker = (
  triggersOf: (recorder: Recorder) => Trigger[],
  options: Partial<BrokerOptions> = {},
) => {
  const database = {} as TestDatabase
  const recorder = {} as Recorder
  const server = {} as BrokerServer
  const cleanups: (() => Promise<void>)[] = []
  beforeAll(async () => {
    Object.assign(database, await emptyDatabase())
    cleanups.unshift(database.end)
    Object.assign(recorder, await startRecorder())
    cleanups.unshift(recorder.stop)
    Object.assign(server, await startBrokerServer(database.url, triggersOf(recorder), options))
    cleanups.unshift(server.stop)
  })
  afterAll(async () => {
    for (const cleanup of cleanups) await cleanup()
  })
  return { database, recorder, server }
}

/** Waits until all deliveries of the newest event of this type are done or dead, and returns the event. */
export const settled = async (server: BrokerServer, type: string) => {
  const seq = await until(
    async () => {
      const [found] = await server.broker.reads.events({ type })
      return found && found.state !== 'pending' ? found.seq : null
    },
    { what: `the end of ${type}` },
  )
  return (await server.broker.reads.event(seq))!
}
