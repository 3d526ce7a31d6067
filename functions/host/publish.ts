import { maxHops, type VigiaEvent } from '#events/event.ts'
import { connectAddress } from './connect-address.ts'
import { Permanent, RetryLater } from './errors.ts'
import { encodeHeaderText } from './header-text.ts'

/** Posts events to the sink, and resolves when the sink has taken every one. */
export type Publish = (events: readonly VigiaEvent[]) => Promise<void>

const mostAtOnce = 16

/**
 * Knative's default broker answers when every Trigger is done, and a producer that hangs up before takes the event with it:
 * so this is no deadline for a slow answer, only an end for one that will never come. It is the broker's own, 15 minutes.
 */
const patienceMs = 15 * 60_000

/**
 * Posts the events of `functionName` to `sink` (K_SINK), in binary mode. `overrides` is K_CE_OVERRIDES, which may be empty. Without a sink
 * the function starts, and events come again later: on a cluster that is new, Knative sets K_SINK only after the first start.
 */
export const createPublisher = (
  sink: string | undefined,
  functionName: string,
  overrides: string | undefined = process.env.K_CE_OVERRIDES,
): Publish => {
  const extensions = extensionsIn(overrides)
  if (sink !== undefined && !URL.canParse(sink))
    throw new Error(`K_SINK is ${JSON.stringify(sink)}, which is not a URL`)
  let post: Promise<Post> | undefined

  const publish = async (event: VigiaEvent) => {
    if (sink === undefined)
      throw new RetryLater('K_SINK is not set: a SinkBinding gives it to what is labelled vigia.dev/publishes', 5)
    const { headers, body } = inBinaryMode({ ...event, source: `/functions/${functionName}` }, extensions)
    post ??= posterTo(new URL(sink))
    const { status, reason } = await (await post)(headers, body)
    if (status >= 200 && status < 300) return
    const refusal = `the broker answered ${status} to ${event.type} ${event.id}${reason && `: ${reason}`}`
    throw status === 400 || status === 413 ? new Permanent(refusal) : new Error(refusal)
  }

  return async events => {
    const waiting = events.values()
    const outcomes = await Promise.allSettled(
      Array.from({ length: Math.min(mostAtOnce, events.length) }, async () => {
        for (const event of waiting) await publish(event)
      }),
    )
    const failed = outcomes.find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason
  }
}

const extensionsIn = (overrides: string | undefined): Record<string, string> => {
  if (!overrides) return {}
  try {
    return JSON.parse(overrides).extensions ?? {}
  } catch (cause) {
    throw new Error('K_CE_OVERRIDES is not JSON', { cause })
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what CloudEvents forbids in a string.
const unusable = /^$|[\u0000-\u001f\u007f-\u009f]/

/** The event as headers and body. Throws Permanent for what no broker would carry unharmed. */
export const inBinaryMode = (
  event: VigiaEvent,
  extensions: Record<string, string> = {},
): { headers: Record<string, string>; body: Buffer } => {
  if (event.vigiahops > maxHops)
    throw new Permanent(`${event.type} ${event.id} is ${event.vigiahops} events away from its first cause: a loop`)
  const { data, data_base64, datacontenttype, traceparent, ...attributes } = event
  const headers: Record<string, string> = { 'ce-specversion': '1.0' }
  for (const [name, value] of Object.entries({ ...attributes, ...extensions })) {
    if (value === undefined) continue
    const text = String(value)
    if (unusable.test(text) || !text.isWellFormed())
      throw new Permanent(
        `${event.type}: ${name} ${JSON.stringify(text)} is empty or has a character that no event carries`,
      )
    headers[`ce-${name}`] = encodeHeaderText(name, text)
  }
  if (traceparent !== undefined) headers.traceparent = traceparent
  headers['content-type'] = datacontenttype ?? 'application/json'
  return { headers, body: Buffer.from(JSON.stringify(data)) }
}

interface BrokerResponse {
  status: number
  /** The first words of the body, for a person. */
  reason: string
}

type Post = (headers: Record<string, string>, body: Buffer) => Promise<BrokerResponse>

const posterTo = async (url: URL): Promise<Post> => {
  const { Agent, request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const agent = new Agent({ keepAlive: true, maxSockets: 4 * mostAtOnce })
  const target = { ...connectAddress(url), path: url.pathname + url.search, method: 'POST', agent, timeout: patienceMs }

  const once = (headers: Record<string, string>, body: Buffer) =>
    new Promise<BrokerResponse>((resolve, reject) => {
      const posting = request(
        { ...target, headers: { ...headers, host: url.host, 'content-length': body.length } },
        response => {
          let reason = ''
          response.setEncoding('utf8')
          response.on('data', (text: string) => {
            if (reason.length < 200) reason += text.slice(0, 200)
          })
          response.on('end', () => resolve({ status: response.statusCode!, reason: reason.trim() }))
          response.on('error', reject)
        },
      )
      posting.on('timeout', () =>
        posting.destroy(new Error(`the broker gave no answer for ${patienceMs / 60_000} min`)),
      )
      posting.on('error', error => reject(Object.assign(error, { reused: posting.reusedSocket })))
      posting.end(body)
    })

  return (headers, body) =>
    once(headers, body).catch(error => {
      // The broker closed an idle connection just as we took it from the pool. The event has its id: sent twice, it is one.
      if (error.reused && error.code === 'ECONNRESET') return once(headers, body)
      throw new Error(`the broker at ${url.host} cannot be reached: ${error.message}`, { cause: error })
    })
}
