import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { LogLine } from '#functions/host/log-line.ts'

const isLine = new Ajv().compile(LogLine)

/** The lines of a text that a function wrote. Throws an Error that names the lines that do not match the schema. */
export const validLogLines = (text: string, source: string): LogLine[] => {
  const faults: string[] = []
  const lines = text.split('\n').flatMap(line => {
    if (line === '') return []
    const entry: unknown = line.startsWith('{') ? JSON.parse(line) : line
    if (isLine(entry)) return [entry as LogLine]
    const [error] = isLine.errors!
    faults.push(`${source}: ${error!.instancePath} ${error!.message} ${JSON.stringify(error!.params)}: ${line}`)
    return []
  })
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return lines
}

/** All lines that the functions of a one-machine runtime have written to its data folder, function by function. */
export const functionLogs = (dataDir: string): LogLine[] => {
  const folder = join(dataDir, 'logs')
  return readdirSync(folder).flatMap(file => validLogLines(readFileSync(join(folder, file), 'utf8'), file))
}
