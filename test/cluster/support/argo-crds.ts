import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from '#infra/repository.ts'

const module = join(root, 'test/cluster/argo')
const [, path, version] = /^(\S+) ([^\s/]+) h1:/m.exec(readFileSync(join(module, 'go.sum'), 'utf8'))!

// Downloads the module, compares it with its sum, and compiles nothing.
const { error, status, stdout, stderr } = spawnSync('go', ['mod', 'download', '-json', `${path}@${version}`], {
  cwd: module,
  // Does not download another version of Go.
  env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', GOWORK: 'off' },
  encoding: 'utf8',
  timeout: 300_000,
})

/** Why Argo's CRDs are not available on this machine, or undefined. */
export const argoCrdsSkipReason =
  error && 'code' in error && error.code === 'ENOENT'
    ? 'there is no Go on PATH'
    : status === 0
      ? undefined
      : `Go's proxy: ${error?.message ?? (stdout + stderr).replaceAll(/\s+/g, ' ').slice(0, 300)}`

/**
 * The CRDs of the kinds that infra/workflows/argo uses, with full schemas. They have no descriptions, because a busy
 * API server takes too long to read these megabytes. For the same reason the kind Workflow has Argo's minimal schema;
 * only the script of the JobSink creates a Workflow.
 */
export const argoCrds = (): object[] => {
  const folder = join(JSON.parse(stdout).Dir, 'manifests/base/crds')
  const withoutDescriptions = (key: unknown, value: unknown) =>
    key === 'description' && typeof value === 'string' ? undefined : value
  return ['full/argoproj.io_cronworkflows', 'full/argoproj.io_workflowtemplates', 'minimal/argoproj.io_workflows'].map(
    name => JSON.parse(JSON.stringify(parse(readFileSync(join(folder, `${name}.yaml`), 'utf8')), withoutDescriptions)),
  )
}
