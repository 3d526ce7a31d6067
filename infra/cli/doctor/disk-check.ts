import { statfs } from 'node:fs/promises'
import { bytesText } from './figures.ts'
import { failed, ok, type Result, warning } from './finding.ts'

const mebibyte = 1024 * 1024

/** Below `fewBytes` the check warns; below `fullBytes` it fails. The defaults are 1 GiB and the limit of /readyz. */
export interface DiskLimits {
  fewBytes: number
  fullBytes: number
}

export const diskCheck = async (
  dataDir: string,
  { fewBytes, fullBytes }: DiskLimits = { fewBytes: 1024 * mebibyte, fullBytes: 32 * mebibyte },
): Promise<Result> => {
  let disk: { bavail: number; bsize: number; blocks: number }
  try {
    disk = await statfs(dataDir)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT'
      ? failed(
          `the data folder ${dataDir} does not exist`,
          'Vigia was never started on it.',
          'set DATA_DIR, or npm start',
        )
      : failed(
          `the data folder ${dataDir} cannot be read: ${message}`,
          'Vigia keeps its data there.',
          `ls -ld ${dataDir}`,
        )
  }
  const freeBytes = disk.bavail * disk.bsize
  const found = `${bytesText(freeBytes)} of ${bytesText(disk.blocks * disk.bsize)} are free for ${dataDir}`
  if (freeBytes >= fewBytes) return ok(found)
  const why = 'PostgreSQL stops when it cannot write, and then nothing works.'
  const next = `free some space: du -xh --max-depth=2 ${dataDir} | sort -h | tail`
  return freeBytes < fullBytes ? failed(found, why, next) : warning(found, why, next)
}
