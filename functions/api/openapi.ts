import type { TSchema } from 'typebox'
import { keyBurst, keySeconds, maxBodyBytes } from './request-limits.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import { ProblemDocument } from './schemas.ts'

const description = `Everything that the bot does with monitors, for programs. Every request concerns the chat of its key. The bot makes and revokes keys: \`/apikey\` (\`/chave\`).

- A key has a scope: \`read\`, \`write\` (everything) or \`maintenance\` (to announce and to end maintenance).
- Each key may send ${keyBurst} requests at once, and then one every ${keySeconds} s. After that the response is 429 with Retry-After.
- A body is JSON or YAML, at most ${maxBodyBytes / 1024} KiB; its Content-Type does not matter.
- An error is a problem document (RFC 9457). \`errors\` has the line, the field and the reason of each wrong value.
- A repeated request has no second effect.`

type Json = Record<string, unknown>

/** The OpenAPI 3.1 document of the API, made from the routes and their schemas. */
export const openapiDocument = (): Json => {
  const components: Json = {}
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const item = paths[route.path] ?? {}
    paths[route.path] = item
    item[route.method.toLowerCase()] = operationOf(route, components)
  }
  const problem = reference(ProblemDocument, components)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vigia',
      version: '1.0.0',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ key: [] }],
    paths,
    components: {
      schemas: components,
      responses: Object.fromEntries(
        Object.entries(refusals).map(([name, text]) => [
          name,
          { description: text, content: { 'application/problem+json': { schema: problem } } },
        ]),
      ),
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key that the bot has made.' } },
    },
  }
}

let text: string | undefined

/** The document as text. */
export const documentText = (): string => {
  text ??= `${JSON.stringify(openapiDocument(), null, 2)}\n`
  return text
}

const refusals = {
  '400': 'The body or the query cannot be read.',
  '401': 'There is no such key.',
  '403': 'The scope of the key does not allow this.',
  '404': 'The chat has no such thing.',
  '409': 'A limit, or the state of the thing, does not allow this.',
  '413': 'The body is too large.',
  '422': 'Values are wrong.',
  '429': 'Too many requests; Retry-After says when to send the next.',
  '503': 'Vigia is busy or starting; Retry-After says when to try again.',
}

/** The responses to requests that cannot be done. A route without a number in its path always exists. */
const refusalsOf = ({ method, path, body, query }: Route): (keyof typeof refusals)[] => {
  const changes = method !== 'GET'
  return [
    ...(body === undefined && query === undefined ? [] : (['400'] as const)),
    ...(['401', '403'] as const),
    ...(path.includes('{id}') ? (['404'] as const) : []),
    ...(changes ? (['409'] as const) : []),
    ...(body === undefined ? [] : (['413', '422'] as const)),
    ...(['429', '503'] as const),
  ]
}

const operationOf = (route: Route, components: Json): Json => {
  const { path, scopes, operationId, summary, query, body, example, method } = route
  const [tag] = path.slice(1).split('/')
  const parameters = [...(path.includes('{id}') ? [idParameter] : []), ...(query === undefined ? [] : queryOf(query))]
  return {
    operationId,
    summary,
    description: `For keys with the scope ${[...scopes, 'write'].map(scope => `\`${scope}\``).join(' or ')}.`,
    tags: [tag],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: !(method === 'POST' && path === '/maintenance'),
        content: Object.fromEntries(
          ['application/json', 'application/yaml'].map(type => [
            type,
            { schema: reference(body, components), ...(example !== undefined && { example }) },
          ]),
        ),
      },
    }),
    responses: {
      ...Object.fromEntries(route.statuses.map(status => [String(status), responseOf(route, status, components)])),
      ...Object.fromEntries(refusalsOf(route).map(status => [status, { $ref: `#/components/responses/${status}` }])),
    },
  }
}

const statusTexts = { 200: 'Done.', 201: 'It is new.', 202: 'Requested.', 204: 'Done; there is no body.' }

const responseOf = ({ response, isYaml }: Route, status: keyof typeof statusTexts, components: Json): Json => ({
  description: statusTexts[status],
  ...(response !== undefined &&
    status !== 204 && {
      content: Object.fromEntries(
        [...(isYaml ? ['application/yaml'] : []), 'application/json'].map(type => [
          type,
          { schema: reference(response, components) },
        ]),
      ),
    }),
})

const idParameter = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'integer', minimum: 1, maximum: 999_999_999_999_999 },
}

const queryOf = (query: NonNullable<Route['query']>): Json[] =>
  Object.entries(query.properties as Record<string, TSchema & { description?: string }>).map(([name, schema]) => {
    const { description: text, ...rest } = JSON.parse(JSON.stringify(schema)) as Json
    return { name, in: 'query', required: false, ...(text !== undefined && { description: text }), schema: rest }
  })

/** A schema in which every schema with a title is a reference to `components`. */
const reference = (schema: TSchema, components: Json): unknown =>
  referenced(JSON.parse(JSON.stringify(schema)), components)

const referenced = (value: unknown, components: Json): unknown => {
  if (Array.isArray(value)) return value.map(element => referenced(element, components))
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, referenced(each, components)]))
  const { title } = inner
  if (typeof title !== 'string') return inner
  components[title] = inner
  return { $ref: `#/components/schemas/${title}` }
}
