import type { RequestHead } from '#functions/host/function-definition.ts'

/** What a ping says about the run of a job. */
export type PingAction = 'success' | 'start' | 'fail' | 'log'

/** The heartbeat that a ping is for: its secret token, or its name among the heartbeats of the chat with this key. */
export type PingTarget = { token: string } | { key: string; slug: string }

/** A ping, as its URL describes it. */
export interface PingRequest {
  target: PingTarget
  action: PingAction
  /** The exit code of the job, if the URL has one. */
  exitCode: number | null
  /** Connects the start and the end of one run. */
  runId: string | null
  /** Whether a heartbeat that does not exist has to be created; only with a key. */
  create: boolean
}

/** The response to a request that is not a ping. The texts are those of Healthchecks. */
export interface PingRefusal {
  status: number
  text: string
  headers?: Record<string, string>
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const key = /^[A-Za-z0-9_-]{20,64}$/
const slug = /^[a-z0-9_-]{1,100}$/

const methods = ['GET', 'HEAD', 'POST']

const notFound: PingRefusal = { status: 404, text: 'not found' }

/**
 * Reads the URL of a ping: `/ping/<token>` or `/ping/<key>/<slug>`, followed by nothing, `/start`, `/fail`, `/log` or
 * `/<exit code>`. The paths are those of Healthchecks (https://healthchecks.io/docs/http_api/), so its client libraries
 * work unchanged.
 */
export const parsePing = (
  { method, path }: Pick<RequestHead, 'method' | 'path'>,
  query: URLSearchParams,
): PingRequest | PingRefusal => {
  const [root, first = '', ...rest] = path.replace(/\/$/, '').split('/').slice(1)
  if (root !== 'ping') return notFound
  if (!methods.includes(method))
    return { status: 405, text: 'method not allowed', headers: { allow: methods.join(', ') } }
  const parsed = targetOf(first, rest)
  if (parsed === null) return notFound
  const meaning = meaningOf(parsed.suffix)
  if ('status' in meaning) return meaning
  const runId = query.get('rid')?.toLowerCase() ?? null
  if (runId !== null && !uuid.test(runId)) return { status: 400, text: 'invalid uuid format' }
  return { target: parsed.target, ...meaning, runId, create: 'key' in parsed.target && query.get('create') === '1' }
}

/** The heartbeat, and what follows it in the path; undefined if nothing follows. */
const targetOf = (first: string, rest: string[]): { target: PingTarget; suffix: string | undefined } | null => {
  const token = first.toLowerCase()
  if (uuid.test(token)) return rest.length > 1 ? null : { target: { token }, suffix: rest[0] }
  const [name, suffix] = rest
  if (!key.test(first) || name === undefined || !slug.test(name) || rest.length > 2) return null
  return { target: { key: first, slug: name }, suffix }
}

const meaningOf = (suffix: string | undefined): Pick<PingRequest, 'action' | 'exitCode'> | PingRefusal => {
  if (suffix === undefined) return { action: 'success', exitCode: null }
  if (suffix === 'start' || suffix === 'fail' || suffix === 'log') return { action: suffix, exitCode: null }
  if (!/^\d{1,9}$/.test(suffix)) return notFound
  const exitCode = Number(suffix)
  if (exitCode > 255) return { status: 400, text: 'invalid url format' }
  return { action: exitCode === 0 ? 'success' : 'fail', exitCode }
}

/** The largest part of a request's body that is kept, in bytes. Healthchecks keeps the same. */
export const maxLogBytes = 10_000

/**
 * The log of a job in the body of its ping; null without one. A longer body is cut, and a character that the cut splits
 * is removed.
 */
export const logOf = (body: Buffer): string | null => {
  if (body.length === 0) return null
  // With `stream`, the decoder leaves out an incomplete character at the end.
  const isCut = body.length > maxLogBytes
  return new TextDecoder().decode(body.subarray(0, maxLogBytes), { stream: isCut })
}
