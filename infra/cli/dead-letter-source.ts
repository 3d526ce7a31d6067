import { postgres } from '#database/connect.ts'
import { deadLettersIn } from '#database/operations/dead-letters.ts'

/** A dead letter in the JSON of the API, where instants are text. */
export interface ShownDeadLetter {
  id: number
  fingerprint: string
  trigger: string
  code: number | null
  reason: string
  event: Record<string, unknown>
  at: string
  replayedAt: string | null
}

/** Reads and replays dead letters. All functions reject with an Error whose message is for a person. */
export interface DeadLetterSource {
  newest(limit: number): Promise<ShownDeadLetter[]>
  find(id: number): Promise<ShownDeadLetter>
  replay(id: number): Promise<void>
  end(): Promise<void>
}

/**
 * In a pod of a cluster (K_SINK is set), dead letters come from PostgreSQL; elsewhere from the API of the Vigia on this
 * machine.
 */
export const deadLetterSource = (env: NodeJS.ProcessEnv): DeadLetterSource =>
  env.K_SINK ? fromDatabase(env.DATABASE_URL ?? '', env.K_SINK) : fromApi(env.PORT || '8080')

const notFound = (id: number) => new Error(`there is no dead letter ${id}`)

const fromApi = (port: string): DeadLetterSource => {
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new Error(`PORT is ${JSON.stringify(port)}; it must be a number from 1 to 65535`)
  const ask = async (path: string, method = 'GET'): Promise<unknown> => {
    const url = `http://127.0.0.1:${port}${path}`
    const response = await fetch(url, { method, headers: { 'vigia-local': '1' } }).catch(cause => {
      throw new Error(`Vigia does not answer on port ${port}; start it with npm start, or set its port with PORT=…`, {
        cause,
      })
    })
    const body = (await response.json().catch(() => ({}))) as { error?: string }
    if (!response.ok) throw new Error(body.error ?? `Vigia answered ${response.status} to ${path}`)
    return body
  }
  return {
    newest: async limit => (await ask(`/api/dead-letters?limit=${limit}`)) as ShownDeadLetter[],
    find: async id => (await ask(`/api/dead-letters/${id}`)) as ShownDeadLetter,
    replay: async id => void (await ask(`/api/dead-letters/${id}/replay`, 'POST')),
    end: async () => {},
  }
}

const fromDatabase = (databaseUrl: string, sink: string): DeadLetterSource => {
  if (databaseUrl === '') throw new Error('DATABASE_URL is not set; set it to the database of Vigia')
  const db = postgres(databaseUrl, { max: 1, applicationName: 'vigia dead letters' })
  const letters = deadLettersIn(db)
  const asText = (value: unknown) => JSON.parse(JSON.stringify(value)) as ShownDeadLetter
  const find = async (id: number) => {
    const letter = await letters.find(id)
    if (!letter) throw notFound(id)
    return letter
  }
  return {
    newest: async limit => (await letters.newest(limit)).map(asText),
    find: async id => asText(await find(id)),
    // Every Trigger that matches the event gets it again. If a function has already handled the event, it treats the
    // event as a redelivery, so the replay has no second effect.
    replay: async id => {
      const { event } = await find(id)
      const { traceparent, ...attributes } = event
      const response = await fetch(sink, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/cloudevents+json',
          ...(typeof traceparent === 'string' && { traceparent }),
        },
        body: JSON.stringify({ specversion: '1.0', ...asStrings(attributes) }),
      })
      if (response.status < 200 || response.status > 299)
        throw new Error(`the broker answered ${response.status} to dead letter ${id}; try again later`)
      await letters.markReplayed(id, new Date())
    },
    end: () => db.end(),
  }
}

/** The attributes as strings, because a broker may change extensions of other types. */
const asStrings = (event: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(event)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, name === 'data' || typeof value === 'string' ? value : String(value)]),
  )
