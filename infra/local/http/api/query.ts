import type { AppContext, AppHandler } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'
import { BadQuery } from '#local/broker/reads/event-query.ts'

/**
 * The error of a query that cannot be read, or that has a parameter that the path does not take. The message is for the
 * caller.
 */
class InvalidParameters extends Error {}

type QueryHandler = (context: AppContext, query: Record<string, string>) => Response | Promise<Response>

/** A handler that takes the query parameters in `allowed` and answers 400 to any other query. */
export const withQuery =
  (allowed: readonly string[], handler: QueryHandler): AppHandler =>
  async context => {
    try {
      return await handler(context, parametersIn(new URL(context.req.url).search, allowed))
    } catch (error) {
      if (error instanceof BadQuery || error instanceof InvalidParameters)
        return jsonResponse(400, { error: error.message })
      throw error
    }
  }

/**
 * The parameters of a query by name. Throws InvalidParameters for a name that is not in `allowed`, a name that is there
 * twice, a parameter without a value, and text that is not percent-encoded UTF-8. No parameter is ignored silently,
 * because a response without a filter that the caller asked for would be misleading.
 */
const parametersIn = (search: string, allowed: readonly string[]): Record<string, string> => {
  const parameters: Record<string, string> = {}
  for (const pair of search.replace(/^\?/, '').split('&')) {
    if (pair === '') continue
    const [name, value] = pairIn(pair)
    if (!allowed.includes(name))
      throw new InvalidParameters(`${name || '""'} is not a parameter here; ${allowedText(allowed)}`)
    if (Object.hasOwn(parameters, name)) throw new InvalidParameters(`${name} is given twice; give it once`)
    if (value === '') throw new InvalidParameters(`${name} has no value`)
    parameters[name] = value
  }
  return parameters
}

const allowedText = (allowed: readonly string[]) =>
  allowed.length === 0 ? 'this path takes no parameters' : `allowed: ${allowed.join(', ')}`

const pairIn = (pair: string): [name: string, value: string] => {
  const at = pair.indexOf('=')
  const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
  return [decoded(name), decoded(value)]
}

const decoded = (text: string): string => {
  let plain: string
  try {
    plain = decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new InvalidParameters(`${text} is not percent-encoded UTF-8`)
  }
  if (plain.includes('\0')) throw new InvalidParameters(`${text} contains a NUL character, which no attribute has`)
  return plain
}
