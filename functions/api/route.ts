import type { TObject, TSchema } from 'typebox'
import type { ApiKey, KeyScope } from '#database/chats/api-keys.ts'
import type { Postgres } from '#database/connect.ts'
import type { Cause } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Context } from '#functions/host/function-definition.ts'
import type { Limits } from '#functions/monitors/limits.ts'

/** What the operations read, write and call. */
export interface Dependencies {
  db: Postgres
  /** Whether a monitor may watch this IP address. Private addresses are refused. */
  mayDial(address: string): boolean
  /** An IP address of a host; null if the host has none or the name server does not answer soon. */
  addressOf(host: string): Promise<string | null>
  /** The address of the function `heartbeat` on the internet; null if unknown. */
  pingUrl: string | null
  limits: Limits
  clock: Clock
}

/** One request whose key, path and query are valid. */
export interface Call {
  deps: Dependencies
  /** The key of the request. Everything that the request does concerns the chat of this key. */
  key: ApiKey
  /** The number in the path. */
  id: number
  query: Readonly<Record<string, string | number | boolean>>
  /** The Accept header. */
  accept: string
  body: string
  /** The cause of the events that the request leads to. */
  cause: Cause
  context: Pick<Context, 'log' | 'publish'>
}

/** The response of an operation. */
export interface ApiResponse {
  status?: 200 | 201 | 202 | 204
  /** Sent as JSON, or as it is if `type` says so. */
  content?: unknown
  type?: string
  headers?: Readonly<Record<string, string>>
}

/** An operation: how it is called, what its document says, and what it does. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below /api/v1. `{id}` is a number. */
  path: string
  /** The scopes of keys that may call it, besides `write`. */
  scopes: readonly Exclude<KeyScope, 'write'>[]
  operationId: string
  summary: string
  query?: TObject
  /** The schema of the body; its format is JSON or YAML. */
  body?: TSchema
  /** Values that are right, for the document and for problems. */
  example?: unknown
  /** The schema of the response; absent if the response has no body. */
  response?: TSchema
  /** Whether the response is YAML unless the client asks for JSON. */
  isYaml?: boolean
  statuses: readonly (200 | 201 | 202 | 204)[]
  handle(call: Call): Promise<ApiResponse>
}

/** The path of a request below /api/v1 as the routes write it, and its number. */
export const parsePath = (path: string): { pattern: string; id: number } => {
  let id = 0
  const pattern = path.replace(/\/([1-9]\d{0,14})(?=\/|$)/, (_, digits: string) => {
    id = Number(digits)
    return '/{id}'
  })
  return { pattern, id }
}
