import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** containerd splits longer lines. */
const maxPartLength = 16_384

/** A line as containerd writes it (CRI): the time, the stream, P for a part or F for the end of a line, the text. */
export const criLines = (line: string, stream: 'stdout' | 'stderr' = 'stdout'): string => {
  const time = new Date().toISOString().replace('Z', '123456Z')
  const parts: string[] = []
  for (let at = 0; at < line.length; at += maxPartLength) parts.push(line.slice(at, at + maxPartLength))
  return parts.map((part, index) => `${time} ${stream} ${index < parts.length - 1 ? 'P' : 'F'} ${part}\n`).join('')
}

/**
 * Writes the logs of the functions of a data folder as a node has them in /var/log/containers. `crash` is plain text
 * that each function wrote at its end. Returns the number of files.
 */
export const writeContainerLogs = (dataDir: string, folder: string, crash: string): number => {
  mkdirSync(folder, { recursive: true })
  const files = readdirSync(join(dataDir, 'logs'))
  for (const file of files) {
    const pod = `${file.replace(/\.log$/, '')}-00001-deployment-6b7f5c9d4-x2x7k`
    const lines = readFileSync(join(dataDir, 'logs', file), 'utf8')
      .split('\n')
      .filter(Boolean)
    const text = [...lines, crash].map(line => criLines(line)).join('')
    writeFileSync(join(folder, `${pod}_vigia_user-container-${'0a1b'.repeat(16)}.log`), text)
  }
  return files.length
}
