import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { renameAtomic } from '../files/atomic-write.ts'

const root = join(import.meta.dirname, '../..')

/**
 * The time after which a warm-up that hangs is killed. It is a last resort: warm-up.process.ts ends after a number of
 * attempts, whatever time they take, because a busy machine is slower.
 */
const timeoutMs = 15 * 60_000

/**
 * Runs a bundle once with the variables of its manifest, but without any reachable server, and writes what V8 compiled
 * to `<file>.cache`. Returns '' or the reason for a failure; after a failure the function only starts more slowly.
 */
export const warmUp = async (name: string, file: string): Promise<string> => {
  const draft = `${file}.cache.${process.pid}.draft`
  const child = spawn(process.execPath, [join(import.meta.dirname, 'warm-up.process.ts'), file, draft], {
    // The code that exports traces belongs to what V8 compiles, because an installation may switch it on.
    env: { PATH: process.env.PATH, OTEL_EXPORTER_OTLP_ENDPOINT: nowhere('http'), ...variablesOf(name) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const killChild = () => void child.kill('SIGKILL')
  process.once('exit', killChild)
  let output = ''
  child.stdout.on('data', text => (output += text))
  child.stderr.on('data', text => (output += text))
  const code = await new Promise(resolve => child.once('close', resolve).once('error', resolve))
  process.off('exit', killChild)
  if (code !== 0 || !existsSync(draft))
    return output.trim().split('\n').at(-1)?.slice(0, 300) || `the process of the warm-up ended with ${code}`
  await renameAtomic(draft, `${file}.cache`)
  return ''
}

/** An address with a port on which no server listens. */
const nowhere = (scheme: string) => `${scheme}://127.0.0.1:9/nowhere`

/** The variables of a function's manifest, with addresses that no server answers. */
export const variablesOf = (name: string): Record<string, string> => {
  const common = { HOST: '127.0.0.1', K_SINK: nowhere('http') }
  const manifest = join(root, `knative/services/${name}.yaml`)
  if (!existsSync(manifest)) return common
  const variables: { name: string; value?: string }[] =
    parse(readFileSync(manifest, 'utf8'))?.spec?.template?.spec?.containers?.[0]?.env ?? []
  return { ...common, ...Object.fromEntries(variables.map(({ name, value }) => [name, value ?? placeholder(name)])) }
}

const placeholder = (name: string) => {
  // A missing socket file fails at once. A refused port would be tried again.
  if (name === 'DATABASE_URL') return 'postgres://localhost/nowhere?host=/nowhere'
  if (name === 'MONGODB_URI') return nowhere('mongodb')
  if (/URL|URI|ROOT/.test(name)) return nowhere('http')
  if (/TOKEN/.test(name)) return `1:${'warm-up'.repeat(5)}`
  if (/SECRET/.test(name)) return 'warm-up'
  if (/CHAT_ID/.test(name)) return '1'
  return ''
}
