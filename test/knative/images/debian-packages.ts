import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'
import { Unavailable } from '#test/cluster/support/api-server-programs.ts'

const run = promisify(execFile)

/**
 * The folder with the files of these Debian packages: `<folder>/usr/bin/…`. The packages are downloaded and unpacked
 * once, but not installed, so their dependencies are missing unless they are in the list. Throws `Unavailable` when apt
 * cannot download them.
 */
export const debianPackages = async (names: readonly string[]): Promise<string> => {
  const id = createHash('sha256').update(names.toSorted().join()).digest('hex').slice(0, 16)
  const folder = join(root, '.build/knative/debian', id)
  if (existsSync(folder)) return folder
  await mkdir(join(folder, '..'), { recursive: true })
  const draft = await mkdtemp(`${folder}.`)
  try {
    const archives = join(draft, 'archives')
    const files = join(draft, 'files')
    await mkdir(archives)
    await mkdir(files)
    const download = () => run('apt-get', ['--quiet', 'download', ...names], { cwd: archives })
    // A machine that was just installed has no lists of packages yet.
    const update = () => run('apt-get', ['--quiet', 'update'])
    await download().catch(() => update().then(download).catch(unavailable))
    for (const archive of await readdir(archives)) await run('dpkg-deb', ['-x', join(archives, archive), files])
    // Another process can unpack at the same time. Its files are the same.
    await rename(files, folder).catch(error => {
      if (!existsSync(folder)) throw error
    })
    return folder
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

const unavailable = (error: Error & { stderr?: string }) => {
  const [reason] = (error.stderr || error.message).trim().split('\n').slice(-1)
  throw new Unavailable(`apt-get cannot download Debian's packages: ${reason}`, { cause: error })
}
