/** A setup file of Vitest: it adds what is wrong in the cluster to the message of every test that fails. */
import { beforeEach } from 'vitest'
import { addDiagnosis, now } from './diagnosis.ts'

beforeEach(({ onTestFailed }) => {
  const start = now()
  onTestFailed(async ({ task }) => {
    const [error] = task.result?.errors ?? []
    if (error && error.name !== 'Diagnosed') error.message = await addDiagnosis(error.message, start)
  })
})
