/**
 * `npm run test:knative [-- <vitest's arguments>]` runs the tests of this folder on a real Kubernetes node with a real
 * Knative, in namespaces of their own. `npm run test:knative -- --shell` starts the cluster, installs Vigia and opens a
 * shell in it. README.md says what is real.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '#infra/repository.ts'
import { launch } from './cluster/launch.ts'
import { skipReason } from './cluster/requirements.ts'

const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'test/knative/vitest.config.ts']
const args = process.argv.slice(2)

const reason = skipReason()
if (reason) {
  process.stdout.write(`The tests on Knative are skipped: ${reason}\n`)
  const tests = spawn(process.execPath, [...vitest, ...args], {
    cwd: root,
    env: { ...process.env, VIGIA_KNATIVE_SKIP: reason },
    stdio: 'inherit',
  })
  tests.once('exit', code => process.exit(code ?? 1))
} else {
  const command = args[0] === '--shell' ? [join(import.meta.dirname, 'shell.ts')] : [...vitest, ...args]
  process.exitCode = await launch([process.execPath, ...command])
}
