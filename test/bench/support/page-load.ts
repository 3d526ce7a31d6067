import { Agent, get } from 'node:http'

/** Requests for one address, sent at a steady rate, whether or not earlier requests were answered. */
export interface Load {
  url: string
  perSecond: number
  ms: number
}

export interface LoadReport {
  sent: number
  /** The number of answers with each status, and of errors by their codes. */
  answers: Record<string, number>
  /** The bytes of one body as they were sent. */
  bytes: number
  /** The times from when a request was due until its last byte, in milliseconds. */
  p50Ms: number
  p95Ms: number
  p99Ms: number
  maxMs: number
}

const timeoutMs = 10_000
const tickMs = 2

/** Sends the load. A request that is sent late counts from when it was due, so that a stall is not hidden. */
export const sendLoad = async ({ url, perSecond, ms }: Load): Promise<LoadReport> => {
  const agent = new Agent({ keepAlive: true })
  const answers: Record<string, number> = {}
  const times: number[] = []
  const running = new Set<Promise<void>>()
  let bytes = 0
  const startedAt = performance.now()
  const total = Math.round((perSecond * ms) / 1_000)
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000) + 1)
    for (; sent < due; sent++) {
      const dueAt = startedAt + (sent * 1_000) / perSecond
      const request = fetchOnce(url, agent).then(answer => {
        answers[answer.outcome] = (answers[answer.outcome] ?? 0) + 1
        if (answer.outcome === '200') bytes = answer.bytes
        times.push(performance.now() - dueAt)
        running.delete(request)
      })
      running.add(request)
    }
    await new Promise(resolve => setTimeout(resolve, tickMs))
  }
  await Promise.all(running)
  agent.destroy()
  times.sort((one, other) => one - other)
  const share = (part: number) => Math.round(times[Math.min(times.length - 1, Math.floor(part * times.length))] ?? 0)
  return { sent: total, answers, bytes, p50Ms: share(0.5), p95Ms: share(0.95), p99Ms: share(0.99), maxMs: share(1) }
}

/** One request, as a browser sends it. The outcome is the status, or the code of the error. */
export const fetchOnce = (url: string, agent?: Agent): Promise<{ outcome: string; bytes: number }> =>
  new Promise(resolve => {
    const headers = { 'accept-encoding': 'gzip, deflate, br', 'accept-language': 'en' }
    const request = get(url, { headers, timeout: timeoutMs, ...(agent && { agent }) }, response => {
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
      })
      response.on('end', () => resolve({ outcome: String(response.statusCode), bytes }))
      response.on('error', (error: NodeJS.ErrnoException) => resolve({ outcome: error.code ?? 'error', bytes }))
    })
    request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })))
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ outcome: error.code ?? 'error', bytes: 0 }))
  })
