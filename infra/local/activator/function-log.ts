import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { redact } from '#functions/host/redact.ts'
import { readable } from './log-lines.ts'

/** The log of one function: the output of all its processes. */
export interface FunctionLog {
  /** Reads the output of a process until it ends; `last` returns its newest lines. */
  follow(...outputs: Readable[]): { last(): string[] }
  close(): Promise<void>
}

export interface FunctionLogOptions {
  maxBytes?: number
  whenUnwritable?: (error: NodeJS.ErrnoException) => void
}

const maxFileBytes = 10 * 1024 * 1024
const lastLines = 8
const maxLineLength = 4_000
/** A line is dropped when it gets longer than this before its end arrives. */
const maxUnfinishedLength = 256 * 1024
/** How many bytes may wait for a slow disk. While more bytes wait, further lines are not written to the file. */
const maxWaitingBytes = 8 * 1024 * 1024
/** After a failed write, no line is written to the file for this long. */
const pauseAfterErrorMs = 5_000

/**
 * Writes the log to `<folder>/<name>.log`, and passes each line to `show`. When the file has grown to `maxBytes` (10
 * MiB), it is renamed to `<name>.log.1`, and a new file is begun. The processes write into pipes that the runtime
 * reads, so that the file can be rotated. If the runtime is killed, the pipes close; function processes ignore closed
 * pipes.
 *
 * `whenUnwritable` gets the reason when writing to the file fails for the first time, and again when it fails after it
 * has worked. Meanwhile the processes are read and shown as before.
 */
export const functionLog = (
  folder: string,
  name: string,
  show: (name: string, line: string) => void,
  { maxBytes = maxFileBytes, whenUnwritable = () => {} }: FunctionLogOptions = {},
): FunctionLog => {
  const path = join(folder, `${name}.log`)
  let file: WriteStream | undefined
  let size = 0
  /** Until this time, by `performance.now()`, lines are shown but not written to the file. */
  let silentUntil = 0
  let isUnwritable = false
  const onError = (error: NodeJS.ErrnoException) => {
    silentUntil = performance.now() + pauseAfterErrorMs
    file = undefined
    if (!isUnwritable) whenUnwritable(error)
    isUnwritable = true
  }
  const open = () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 }).on('error', onError)
    size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    return stream
  }
  const write = (line: string) => {
    if (performance.now() < silentUntil || (file?.writableLength ?? 0) > maxWaitingBytes) return
    try {
      file ??= open()
      if (size > maxBytes) {
        file.end()
        renameSync(path, `${path}.1`)
        file = open()
      }
      size += line.length + 1
      file.write(`${line}\n`, error => {
        if (!error) isUnwritable = false
      })
    } catch (error) {
      // The folder was deleted or cannot be written. Logs are for people only, so the system goes on without them.
      onError(error as NodeJS.ErrnoException)
    }
  }
  return {
    follow: (...outputs) => {
      const last: string[] = []
      for (const output of outputs) {
        let unfinished = ''
        const take = (text: string) => {
          if (text === '') return
          // The functions' own JSON lines contain no secrets. The output of a crash may contain secrets.
          const line = text.startsWith('{') ? text : redact(text)
          write(line)
          if (last.push(line.slice(0, maxLineLength)) > lastLines) last.shift()
          show(name, line)
        }
        output.setEncoding('utf8')
        output.on('data', (chunk: string) => {
          const lines = (unfinished + chunk).split('\n')
          unfinished = lines.pop()!
          if (unfinished.length > maxUnfinishedLength) unfinished = ''
          for (const line of lines) take(line)
        })
        output.on('end', () => take(unfinished))
        output.on('error', () => {})
      }
      return { last: () => last.map(readable) }
    },
    close: () => new Promise(resolve => (file ? file.end(() => resolve()) : resolve())),
  }
}
