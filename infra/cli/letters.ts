import { postgres } from '#database/connect.ts'
import { deadLettersIn } from '#database/operations/dead-letters.ts'

/** A dead letter as the API shows it: instants are text. */
export interface Letter {
  id: number
  fingerprint: string
  trigger: string
  code: number | null
  reason: string
  event: Record<string, unknown>
  at: string
  replayedAt: string | null
}

/** Where dead letters are, and how one is sent again. Everything rejects with an Error for a person. */
export interface Letters {
  newest(limit: number): Promise<Letter[]>
  find(id: number): Promise<Letter>
  replay(id: number): Promise<void>
  end(): Promise<void>
}

/** In a pod of a cluster (K_SINK is set) from PostgreSQL, elsewhere by the API of the Vigia that runs here. */
export const lettersOf = (env: NodeJS.ProcessEnv): Letters =>
  env.K_SINK ? lettersInDatabase(env.DATABASE_URL ?? '', env.K_SINK) : lettersByApi(env.PORT || '8080')

const unknown = (id: number) => new Error(`there is no dead letter ${id}`)

const lettersByApi = (port: string): Letters => {
  if (!/^\d{1,5}$/.test(port)) throw new Error(`PORT is ${JSON.stringify(port)}; it must be a number from 1 to 65535`)
  const ask = async (path: string, method = 'GET'): Promise<unknown> => {
    const url = `http://127.0.0.1:${port}${path}`
    const response = await fetch(url, { method, headers: { 'vigia-local': '1' } }).catch(cause => {
      throw new Error(`Vigia does not answer on port ${port}: start it, or set its port with PORT=…`, { cause })
    })
    const body = (await response.json().catch(() => ({}))) as { error?: string }
    if (!response.ok) throw new Error(body.error ?? `${path} answered ${response.status}`)
    return body
  }
  return {
    newest: async limit => (await ask(`/api/dead-letters?limit=${limit}`)) as Letter[],
    find: async id => (await ask(`/api/dead-letters/${id}`)) as Letter,
    replay: async id => void (await ask(`/api/dead-letters/${id}/replay`, 'POST')),
    end: async () => {},
  }
}

const lettersInDatabase = (databaseUrl: string, sink: string): Letters => {
  if (databaseUrl === '') throw new Error('DATABASE_URL is not set')
  const db = postgres(databaseUrl, { max: 1, applicationName: 'vigia dead letters' })
  const letters = deadLettersIn(db)
  const asText = (value: unknown) => JSON.parse(JSON.stringify(value)) as Letter
  const find = async (id: number) => {
    const letter = await letters.find(id)
    if (!letter) throw unknown(id)
    return letter
  }
  return {
    newest: async limit => (await letters.newest(limit)).map(asText),
    find: async id => asText(await find(id)),
    // Every Trigger that wants such an event gets it again; to those that had it, it is a repeat and has no second effect.
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
        body: JSON.stringify({ specversion: '1.0', ...texts(attributes) }),
      })
      if (response.status < 200 || response.status > 299)
        throw new Error(`the broker answered ${response.status} to dead letter ${id}`)
      await letters.markReplayed(id, new Date())
    },
    end: () => db.end(),
  }
}

/** In JSON an extension may be a number or a boolean; behind a broker all are texts. */
const texts = (event: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(event)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, name === 'data' || typeof value === 'string' ? value : String(value)]),
  )
