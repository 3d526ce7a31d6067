import { afterAll, afterEach, expect } from 'vitest'
import type { ApiServer } from '../api-server.ts'

/** Ends a file's API server after its tests; shows what the server complained of beside a test that failed. */
export const endWithTests = (started: () => ApiServer | undefined): void => {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`${await started()?.log()}\n`)
  })
  afterAll(async () => {
    const server = started()
    if (!server) return
    await server.stop()
    expect(server.controllers.complaints).toEqual([])
  })
}
