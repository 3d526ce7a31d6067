import { existsSync } from 'node:fs'
import { glob, link, mkdir, readFile } from 'node:fs/promises'
import type { LogLine } from '#functions/host/log-line.ts'
import { inCluster } from './layout.ts'

/** A line that a function has logged about an event or a request. */
export interface HandledEvent {
  function: string
  pod: string
  type: string
  id: string
  status: number
  /** Milliseconds. */
  ms: number
  time: string
}

/**
 * The kubelet removes the logs of a pod with the pod. A second name for each file keeps it until the folder of the
 * cluster is removed.
 */
const keepLogs = async (): Promise<void> => {
  await mkdir(inCluster('kept-logs'), { recursive: true })
  for await (const file of glob('vigia_*/user-container/*.log', { cwd: inCluster('pod-logs') })) {
    const kept = inCluster('kept-logs', file.replaceAll('/', '.'))
    // The file can be gone between the two calls.
    if (!existsSync(kept)) await link(inCluster('pod-logs', file), kept).catch(() => {})
  }
}

let keepsLogs = false

/** Keeps the logs of all pods of Vigia from now on. A pod lives longer than the pause between two looks. */
export const startKeepingLogs = (): void => {
  if (keepsLogs) return
  keepsLogs = true
  setInterval(() => keepLogs().catch(() => {}), 500).unref()
}

/** What the functions have handled since `startKeepingLogs`, oldest first. */
export const handledEvents = async (): Promise<HandledEvent[]> => {
  await keepLogs()
  const files = await Array.fromAsync(glob('*', { cwd: inCluster('kept-logs') }))
  const lines = await Promise.all(files.map(linesOf))
  return lines
    .flat()
    .filter(({ id, type }) => id !== '' && type !== '')
    .toSorted((a, b) => a.time.localeCompare(b.time))
}

const linesOf = async (file: string): Promise<HandledEvent[]> => {
  // vigia_<pod>_<uid of the pod>.user-container.0.log
  const pod = file.split('_')[1]!
  return (await readFile(inCluster('kept-logs', file), 'utf8'))
    .split('\n')
    .filter(line => line.includes('"event.outcome"'))
    .map(line => handledEvent(JSON.parse(line.slice(line.indexOf('{'))) as LogLine, pod))
}

/** `type` and `id` are '' for a line about a request that is not an event. */
const handledEvent = (line: LogLine, pod: string): HandledEvent => ({
  pod,
  function: line['service.name'],
  type: line['event.type'] ?? '',
  id: line['event.id'] ?? '',
  status: line['http.response.status_code'] ?? 0,
  ms: (line['event.duration'] ?? 0) / 1e6,
  time: line['@timestamp'],
})
