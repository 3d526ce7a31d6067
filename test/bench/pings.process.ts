import { type Flood, floodPings } from '#test/support/ping-flood.ts'

/** Sends a flood of pings for each IPC message, and answers with the report. */
process.on('message', async (flood: Flood) => {
  process.send!(await floodPings(flood))
})
process.on('disconnect', () => process.exit())
