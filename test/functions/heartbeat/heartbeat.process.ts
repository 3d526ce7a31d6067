import { setImmediate } from 'node:timers/promises'

/** The function, as a process that answers every IPC message with the bytes that it uses after a garbage collection. */
process.on('message', async () => {
  for (let round = 0; round < 3; round++) {
    await setImmediate()
    globalThis.gc!()
  }
  const { heapUsed, external } = process.memoryUsage()
  process.send!(heapUsed + external)
})
await import('#functions/heartbeat/main.ts')
