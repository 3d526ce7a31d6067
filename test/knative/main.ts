/**
 * `npm run test:knative [-- <vitest's arguments>]` runs the tests of this folder on a real Kubernetes node with a real
 * Knative, both in Linux namespaces apart from the rest of the machine. `npm run test:knative -- --shell` starts only
 * the cluster and opens a shell in it, and `-- --load` measures Vigia under load. README.md says what is real.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from '#infra/repository.ts'
import { Unavailable } from '#test/cluster/support/api-server-programs.ts'
import { skipReason } from './cluster/requirements.ts'

const args = process.argv.slice(2)
/** The script that runs in the cluster in place of the tests. */
const script = { '--shell': 'shell.ts', '--load': 'load.ts' }[args[0] ?? '']
const vitest = [
  join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--config',
  'test/knative/vitest.config.ts',
  '--configLoader',
  'runner',
]

const run = async (): Promise<number> => {
  const reason = skipReason()
  if (reason) throw new Unavailable(reason)
  // Only a machine that can run the cluster loads all of this.
  const [{ buildParts }, { launch }] = await Promise.all([import('./cluster/build.ts'), import('./cluster/launch.ts')])
  const command = script ? [join(import.meta.dirname, script)] : [...vitest, ...args]
  return await launch([process.execPath, ...command], buildParts)
}

/** Lets vitest report every test as skipped. Fails where the tests are required. */
const skip = async (reason: string): Promise<number> => {
  const isRequired = script !== undefined || process.env.VIGIA_KNATIVE === 'required'
  process.stdout.write(`${isRequired ? 'No cluster' : 'The tests on Knative are skipped'}: ${reason}\n`)
  if (isRequired) return 1
  const env = { ...process.env, VIGIA_KNATIVE_SKIP: reason }
  const tests = spawn(process.execPath, [...vitest, ...args], { cwd: root, env, stdio: 'inherit' })
  const [code] = await once(tests, 'exit')
  return code ?? 1
}

try {
  process.exitCode = await run()
} catch (error) {
  if (!(error instanceof Unavailable)) throw error
  process.exitCode = await skip(error.message)
}
