import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './npm-start.ts'

const mount = (at: string, options: string) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at], { stdio: 'ignore' })
const umount = (at: string) => execFileSync('umount', [at], { stdio: 'ignore' })

/** Whether this process may mount disks, which only root may. */
export const canMount: boolean = (() => {
  const at = temporaryFolder()
  try {
    mount(at, 'size=1m')
    umount(at)
    return true
  } catch {
    return false
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
})()

/** A new disk in memory (tmpfs) for this test, with these options of mount, such as `size=64k`. */
export const disk = (options: string): string => {
  const at = temporaryFolder()
  mount(at, options)
  onTestFinished(() => {
    umount(at)
    rmSync(at, { recursive: true, force: true })
  })
  return at
}

/** Makes a disk read-only, or writable again. */
export const remount = (at: string, mode: 'ro' | 'rw') => execFileSync('mount', ['-o', `remount,${mode}`, at])

/** Fills a disk, whose size must be at most 1 MB. */
export const fill = (at: string): void => {
  for (const bytes of [65_536, 4_096, 1])
    try {
      for (let file = 0; file < 256; file++) writeFileSync(join(at, `filled-${bytes}-${file}`), Buffer.alloc(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
}
