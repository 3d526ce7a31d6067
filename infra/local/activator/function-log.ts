import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { redact } from '#functions/host/redact.ts'
import { readable } from './log-lines.ts'

/** Where the output of one function's processes goes. */
export interface FunctionLog {
  /** Reads a process's output until it ends; `last` are its newest lines. */
  follow(...outputs: Readable[]): { last(): string[] }
  close(): Promise<void>
}

const MAX_FILE_BYTES = 10 * 1024 * 1024
const LAST_LINES = 8
const MAX_LINE = 4_000
/** Of a line that does not end; what is longer is nobody's message. */
const MAX_UNENDED = 256 * 1024
const MAX_WAITING_BYTES = 8 * 1024 * 1024
const PAUSE_MS = 5_000

/**
 * One file a function in `folder`, its predecessor kept as `.1` when it has grown to `maxBytes` (10 MiB). Each line goes to `show` too.
 * The processes write into pipes that we read, so that a file can be rotated; our own end closes the pipes, which ends nobody.
 */
export const functionLog = (
  folder: string,
  name: string,
  show: (name: string, line: string) => void,
  maxBytes = MAX_FILE_BYTES,
): FunctionLog => {
  const path = join(folder, `${name}.log`)
  let file: WriteStream | undefined
  let size = 0
  /** Where the disk takes no more: what comes until then is only shown. */
  let silentUntil = 0
  const broken = () => {
    silentUntil = performance.now() + PAUSE_MS
    file = undefined
  }
  const open = () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const stream = createWriteStream(path, { flags: 'a', mode: 0o600 }).on('error', broken)
    size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
    return stream
  }
  const write = (line: string) => {
    if (performance.now() < silentUntil || (file?.writableLength ?? 0) > MAX_WAITING_BYTES) return
    try {
      file ??= open()
      if (size > maxBytes) {
        file.end()
        renameSync(path, `${path}.1`)
        file = open()
      }
      size += line.length + 1
      file.write(`${line}\n`)
    } catch {
      // Somebody tidied the folder, or took our rights to it. Logs are for people; the system goes on without.
      broken()
    }
  }
  return {
    follow: (...outputs) => {
      const last: string[] = []
      for (const output of outputs) {
        let rest = ''
        const take = (text: string) => {
          if (text === '') return
          // Our own lines come without secrets; what a crash prints does not.
          const line = text.startsWith('{') ? text : redact(text)
          write(line)
          if (last.push(line.slice(0, MAX_LINE)) > LAST_LINES) last.shift()
          show(name, line)
        }
        output.setEncoding('utf8')
        output.on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop()!
          if (rest.length > MAX_UNENDED) rest = ''
          for (const line of lines) take(line)
        })
        output.on('end', () => take(rest))
        output.on('error', () => {})
      }
      return { last: () => last.map(readable) }
    },
    close: () => new Promise(resolve => (file ? file.end(() => resolve()) : resolve())),
  }
}
