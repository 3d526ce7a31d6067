import type { IncomingMessage } from 'node:http'
import { BotApiError, badRequest } from './bot-api-error.ts'

export interface Upload {
  name: string
  type: string
  bytes: Buffer
}

/**
 * The arguments of a call as Telegram sees them: every value is text, and an empty value is the same as no value.
 * `values` has the values as the caller sent them, for the call log.
 */
export interface Args {
  readonly values: Record<string, unknown>
  /** The request body as text; '' for multipart. */
  readonly body: string
  text(name: string): string
  has(name: string): boolean
  /** The leading digits as a number, or 0 without digits, like atoi of C; undefined if the argument is missing. */
  integer(name: string): number | undefined
  flag(name: string): boolean
  /** The parsed JSON; undefined if the argument is missing or is not JSON. */
  json(name: string): unknown
  file(name: string): Upload | undefined
}

export const argsOf = (values: Record<string, unknown>, body = '', files = new Map<string, Upload>()): Args => {
  const text = (name: string) => asText(values[name])
  return {
    values,
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

/** Reads the arguments from the query and from the body, which may be JSON, urlencoded or multipart. */
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

const multipart = async (body: Buffer<ArrayBuffer>, type: string, values: Record<string, unknown>): Promise<Args> => {
  const files = new Map<string, Upload>()
  try {
    for (const [name, value] of await new Response(body, { headers: { 'content-type': type } }).formData()) {
      if (typeof value === 'string') values[name] = value
      else files.set(name, { name: value.name, type: value.type, bytes: Buffer.from(await value.arrayBuffer()) })
    }
  } catch {
    throw badRequest('wrong multipart/form-data')
  }
  return argsOf(values, '', files)
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
