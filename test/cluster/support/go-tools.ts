import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'

const run = promisify(execFile)

/**
 * The folder with the compiled tools of a Go module, or the reason why they are not available. Compiles them once for
 * each change of the module. Go downloads only what its cache does not have.
 */
export const goTools = async (module: string): Promise<{ folder: string } | { reason: string }> => {
  const files = (await Array.fromAsync(glob('{go.mod,go.sum,**/*.go}', { cwd: module }))).sort()
  const texts = await Promise.all(files.map(file => readFile(join(module, file), 'utf8')))
  const folder = join(root, '.build/cluster', createHash('sha256').update(texts.join()).digest('hex').slice(0, 16))
  if (existsSync(folder)) return { folder }
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(`${folder}.`)
  try {
    await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', `${draft}/`, 'tool'], {
      cwd: module,
      // Does not download another version of Go.
      env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', CGO_ENABLED: '0' },
      maxBuffer: 64 * 1024 * 1024,
    })
    // Another process can compile at the same time. Its programs are the same.
    await rename(draft, folder).catch(error => {
      if (!existsSync(folder)) throw error
    })
    return { folder }
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string }
    return { reason: code === 'ENOENT' ? 'there is no Go on PATH' : (stderr || message).trim().split('\n').at(-1)! }
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
