import { type Load, sendLoad } from './support/page-load.ts'

/** Sends a load for each IPC message, and answers with the report. */
process.on('message', async (load: Load) => {
  process.send!(await sendLoad(load))
})
process.on('disconnect', () => process.exit())
