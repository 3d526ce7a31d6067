/** Before the tests of each file: makes the message of every failed test say what is wrong in the cluster. */
import { beforeEach } from 'vitest'
import { addDiagnosis, now } from './diagnosis.ts'

beforeEach(({ onTestFailed }) => {
  const start = now()
  onTestFailed(async ({ task }) => {
    const [error] = task.result?.errors ?? []
    if (error && error.name !== 'Diagnosed') error.message = await addDiagnosis(error.message, start)
  })
})
