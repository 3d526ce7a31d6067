import type { IncomingMessage } from 'node:http'
import { BotApiError, badRequest } from './bot-api-error.ts'

export interface Upload {
  name: string
  size: number
  type: string
}

/**
 * A call's arguments as Telegram sees them: every value is text, whichever way it came. Missing and empty are the same.
 * `given` has the values as they were sent, for the call log.
 */
export interface Args {
  readonly given: Record<string, unknown>
  /** The body as it came; '' for multipart. */
  readonly body: string
  text(name: string): string
  has(name: string): boolean
  /** As C would read it: leading digits, else 0; undefined where the argument is missing. */
  integer(name: string): number | undefined
  flag(name: string): boolean
  /** Parsed JSON, or undefined where it is missing or malformed. */
  json(name: string): unknown
  file(name: string): Upload | undefined
}

export const argsOf = (given: Record<string, unknown>, body = '', files = new Map<string, Upload>()): Args => {
  const text = (name: string) => asText(given[name])
  return {
    given,
    body,
    text,
    has: name => text(name) !== '',
    integer: name => {
      const value = text(name)
      return value === '' ? undefined : Number.parseInt(value, 10) || 0
    },
    flag: name => /^(true|yes|1)$/i.test(text(name).trim()),
    json: name => {
      try {
        return JSON.parse(text(name))
      } catch {
        return undefined
      }
    },
    file: name => files.get(name),
  }
}

const asText = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)

const maxBodyBytes = 20 * 1024 * 1024

/** Reads a request's query and body (JSON, urlencoded, multipart). */
export const readArgs = async (request: IncomingMessage, query: URLSearchParams): Promise<Args> => {
  const body = await readBody(request)
  const fromQuery = Object.fromEntries(query)
  const type = request.headers['content-type'] ?? ''
  if (body.length === 0) return argsOf(fromQuery)
  if (/^application\/json\b/i.test(type)) {
    let parsed: unknown
    try {
      parsed = JSON.parse(body.toString())
    } catch {
      throw badRequest("can't parse request JSON object")
    }
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
      throw badRequest('request JSON object expected')
    }
    return argsOf({ ...fromQuery, ...parsed }, body.toString())
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    return argsOf({ ...fromQuery, ...Object.fromEntries(new URLSearchParams(body.toString())) }, body.toString())
  }
  if (/^multipart\/form-data\b/i.test(type)) return multipart(body, type, fromQuery)
  return argsOf(fromQuery)
}

const multipart = async (body: Buffer<ArrayBuffer>, type: string, given: Record<string, unknown>): Promise<Args> => {
  const files = new Map<string, Upload>()
  try {
    for (const [name, value] of await new Response(body, { headers: { 'content-type': type } }).formData()) {
      if (typeof value === 'string') given[name] = value
      else files.set(name, { name: value.name, size: value.size, type: value.type })
    }
  } catch {
    throw badRequest('wrong multipart/form-data')
  }
  return argsOf(given, '', files)
}

const readBody = async (request: IncomingMessage): Promise<Buffer<ArrayBuffer>> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > maxBodyBytes) throw new BotApiError(413, 'Request Entity Too Large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
