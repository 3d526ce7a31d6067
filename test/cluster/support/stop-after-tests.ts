import { afterAll, afterEach, expect } from 'vitest'
import type { ApiServer } from '../api-server.ts'

/** Stops the API server of a test file after its tests. After a failed test it prints the server's last errors. */
export const stopAfterTests = (server: () => ApiServer | undefined): void => {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`${await server()?.log()}\n`)
  })
  afterAll(async () => {
    const running = server()
    if (!running) return
    await running.stop()
    expect(running.controllers.errors).toEqual([])
  })
}
