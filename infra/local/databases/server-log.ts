import { openSync, renameSync, statSync } from 'node:fs'
import { copyFile, open, stat, truncate } from 'node:fs/promises'

const mostLogBytes = 5_000_000

/**
 * Opens a server's log for appending. A log that has grown too large is first renamed to `.1`. Only one earlier log is
 * kept, so that the logs of years do not fill the disk.
 */
export const openLog = (file: string): number => {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > mostLogBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a', 0o600)
}

/**
 * Limits the size of a log that a running server has open: copies the file to `.1` and then empties it. The server
 * appends, so its next line is the first line of the empty file. Never rejects.
 */
export const limitLog = async (file: string, mostBytes = mostLogBytes): Promise<void> => {
  try {
    if ((await stat(file)).size <= mostBytes) return
    await copyFile(file, `${file}.1`)
    await truncate(file)
  } catch {
    // The file is gone, or the disk is full. The next check tries again.
  }
}

/**
 * The end of an error message: the line that explains most, and the path of the log. The line is chosen from the part
 * of the log after the position `from`.
 */
export const logExcerpt = async (file: string, from: number): Promise<string> => {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    // If the file is smaller than `from`, `limitLog` has emptied it meanwhile.
    const start = Math.max(size < from ? 0 : from, size - 16_384)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(size - start, 1)), 0, size - start, start)
    const lines = buffer.toString('utf8', 0, bytesRead).trim().split('\n')
    const line = lines.findLast(text => /\b(FATAL|PANIC|ERROR|error):/.test(text)) ?? lines.at(-1)
    const message = line?.replace(/^.*?\b(FATAL|PANIC|ERROR): +/, '') ?? ''
    return `${message && `: ${message}`}; its log is ${file}`
  } finally {
    await handle.close()
  }
}
