import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The ports of the monitored sites. The http server is also the WebSocket server and the Bot API. */
export interface SitePorts {
  http: number
  https: number
  tcp: number
  tls: number
  grpc: number
  dns: number
}

/** The times are Unix milliseconds. */
export type Hit = [id: number, at: number]
export type Message = [chat: number, at: number]
export type Sites = Awaited<ReturnType<typeof startSites>>

/** Starts the monitored sites in a process of their own, so that their CPU time is not measured. */
export const startSites = async () => {
  const child = fork(fileURLToPath(new URL('sites.process.ts', import.meta.url)))
  const [ports] = (await once(child, 'message')) as [SitePorts]
  const ask = async <T>(command: string): Promise<T> => {
    child.send(command)
    for (;;) {
      const [answer] = (await once(child, 'message')) as [{ command: string; value: T }]
      if (answer.command === command) return answer.value
    }
  }
  return {
    ports,
    /** The hits since the last call. */
    hits: () => ask<Hit[]>('hits'),
    /** The messages since the last call. */
    messages: () => ask<Message[]>('messages'),
    /** Makes the paths below `/s/` answer 500. */
    fail: () => child.send('fail'),
    /** Makes the paths below `/s/` answer 200 again. */
    heal: () => child.send('heal'),
    stop: () => child.kill(),
  }
}
