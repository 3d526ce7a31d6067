import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '#infra/repository.ts'
import { until } from '#test/support/until.ts'
import { kubectl } from './kubectl.ts'

/**
 * Runs the smoke Job of `skaffold verify` with the image of a version. Returns what the Job has logged. Throws an Error
 * with the log when the Job fails.
 */
export const runSmokeJob = async (version: string): Promise<string> => {
  const yaml = await readFile(join(root, 'infra/delivery/smoke.yaml'), 'utf8')
  await kubectl(['apply', '--filename=-'], yaml.replace('image: vigia', `image: dev.local/vigia:${version}`))
  try {
    const condition = await until(
      async () =>
        /Complete|Failed/.exec(
          await kubectl(['get', 'job', 'smoke', '--output=jsonpath={.status.conditions[?(@.status=="True")].type}']),
        )?.[0],
      { what: 'the end of the smoke Job', timeoutMs: 240_000 },
    )
    const log = await kubectl(['logs', 'job/smoke', '--tail=-1'])
    if (condition === 'Failed') throw new Error(`the smoke Job failed: ${log}`)
    return log
  } finally {
    await kubectl(['delete', 'job', 'smoke', '--wait'])
  }
}
