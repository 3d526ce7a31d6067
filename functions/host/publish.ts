import { maxHops, type VigiaEvent } from '#events/event.ts'
import { connectAddress } from './connect-address.ts'
import { Permanent, RetryLater } from './errors.ts'
import { encodeHeaderText } from './header-text.ts'

/**
 * Posts events to the broker. Resolves when the broker has accepted all of them. `headerFor` returns the header
 * traceparent for an event. This header names the parent of the span in which the event will be handled. By default, it
 * is the traceparent of the event itself.
 */
export type Publish = (
  events: readonly VigiaEvent[],
  headerFor?: (event: VigiaEvent) => string | undefined,
) => Promise<void>

/** The maximum number of events of one call that are posted at the same time. */
const maxConcurrentPosts = 16

/**
 * The time that the broker may take for its response. The broker has the same timeout. Knative's default broker answers
 * only when every Trigger is done, and loses the event if the sender closes the connection earlier. So this timeout
 * must not end a slow response; it ends only dead connections.
 */
const responseTimeoutMs = 15 * 60_000

/** The maximum number of characters of the broker's response that an error message quotes. */
const maxReasonLength = 200

/**
 * Creates the function that posts the events of `functionName` to `sink` (K_SINK) in binary mode. `overrides` is
 * K_CE_OVERRIDES: JSON with extensions that every event gets, or ''. Without a sink, the function starts, but
 * publishing throws RetryLater, because on a new cluster Knative sets K_SINK only after the first start.
 */
export const createPublisher = (
  sink: string | undefined,
  functionName: string,
  overrides: string | undefined = process.env.K_CE_OVERRIDES,
): Publish => {
  const extensions = extensionsIn(overrides)
  if (sink !== undefined && !URL.canParse(sink)) throw new Error(`K_SINK is ${JSON.stringify(sink)}; it must be a URL`)
  let post: Promise<Post> | undefined

  const publish = async (event: VigiaEvent, parent: string | undefined) => {
    if (sink === undefined)
      throw new RetryLater(
        'K_SINK is not set: a SinkBinding sets it for Services with the label vigia.dev/publishes',
        5,
      )
    const { headers, body } = inBinaryMode({ ...event, source: `/functions/${functionName}` }, extensions, parent)
    post ??= createPost(new URL(sink))
    const { status, reason } = await (await post)(headers, body)
    if (status >= 200 && status < 300) return
    const refusal = `the broker answered ${status} to ${event.type} ${event.id}${reason && `: ${reason}`}`
    throw status === 400 || status === 413 ? new Permanent(refusal) : new Error(refusal)
  }

  return async (events, headerFor = ({ traceparent }) => traceparent) => {
    const remaining = events.values()
    const workers = await Promise.allSettled(
      Array.from({ length: Math.min(maxConcurrentPosts, events.length) }, async () => {
        for (const event of remaining) await publish(event, headerFor(event))
      }),
    )
    const failed = workers.find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason
  }
}

const extensionsIn = (overrides: string | undefined): Record<string, string> => {
  if (!overrides) return {}
  try {
    return JSON.parse(overrides).extensions ?? {}
  } catch (cause) {
    throw new Error('K_CE_OVERRIDES is not JSON; it must be an object with the field "extensions"', { cause })
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: CloudEvents forbids these characters in a string.
const invalidAttribute = /^$|[\u0000-\u001f\u007f-\u009f]/

/**
 * The event as the headers and the body of a request. Throws Permanent for an event that no broker could deliver
 * unchanged, and for an event that is part of a loop. `parent` is the header traceparent; if it differs from the
 * traceparent of the event, the latter is sent as an extension.
 */
export const inBinaryMode = (
  event: VigiaEvent,
  extensions: Record<string, string> = {},
  parent = event.traceparent,
): { headers: Record<string, string>; body: Buffer } => {
  if (event.vigiahops > maxHops)
    throw new Permanent(
      `${event.type} ${event.id} is not published: ${event.vigiahops} events caused each other before it, so this is a loop`,
    )
  const { data, data_base64, datacontenttype, traceparent, ...attributes } = event
  const headers: Record<string, string> = { 'ce-specversion': '1.0' }
  for (const [name, value] of Object.entries({ ...attributes, ...extensions })) {
    if (value === undefined) continue
    const text = String(value)
    if (invalidAttribute.test(text) || !text.isWellFormed())
      throw new Permanent(
        `${event.type}: ${name} ${JSON.stringify(text)} is empty or has a character that CloudEvents forbids`,
      )
    headers[`ce-${name}`] = encodeHeaderText(name, text)
  }
  if (parent !== undefined) headers.traceparent = parent
  if (traceparent !== undefined && parent !== traceparent) headers['ce-traceparent'] = traceparent
  headers['content-type'] = datacontenttype ?? 'application/json'
  return { headers, body: Buffer.from(JSON.stringify(data)) }
}

interface BrokerResponse {
  status: number
  /** The beginning of the body, for error messages. */
  reason: string
}

type Post = (headers: Record<string, string>, body: Buffer) => Promise<BrokerResponse>

const createPost = async (url: URL): Promise<Post> => {
  const { Agent, request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const agent = new Agent({ keepAlive: true, maxSockets: 4 * maxConcurrentPosts })
  const target = {
    ...connectAddress(url),
    path: url.pathname + url.search,
    method: 'POST',
    agent,
    timeout: responseTimeoutMs,
  }

  const postOnce = (headers: Record<string, string>, body: Buffer) =>
    new Promise<BrokerResponse>((resolve, reject) => {
      const outgoing = request(
        { ...target, headers: { ...headers, host: url.host, 'content-length': body.length } },
        response => {
          let reason = ''
          response.setEncoding('utf8')
          response.on('data', (text: string) => {
            if (reason.length < maxReasonLength) reason += text.slice(0, maxReasonLength)
          })
          response.on('end', () => resolve({ status: response.statusCode!, reason: reason.trim() }))
          response.on('error', reject)
        },
      )
      outgoing.on('timeout', () =>
        outgoing.destroy(new Error(`the broker did not answer within ${responseTimeoutMs / 60_000} min`)),
      )
      outgoing.on('error', error => reject(Object.assign(error, { reused: outgoing.reusedSocket })))
      outgoing.end(body)
    })

  return (headers, body) =>
    postOnce(headers, body).catch(error => {
      // The broker closed an idle connection just when we took it from the pool. A repeat is safe, because the event
      // keeps its id.
      if (error.reused && error.code === 'ECONNRESET') return postOnce(headers, body)
      throw new Error(`the broker at ${url.host} cannot be reached: ${error.message}`, { cause: error })
    })
}
