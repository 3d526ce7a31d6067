import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allEvents } from '#events/all.ts'
import { type EventDefinition, maxHops } from '#events/event.ts'
import { Tick } from '#events/tick.ts'
import { manifestsIn } from '../cluster/render/manifest-files.ts'
import { eventUses, exportedName } from './event-uses.ts'

/** The path of the document in a checkout. */
export const asyncapiPath = 'events/asyncapi.json'

/**
 * The AsyncAPI 3 document of Vigia's events, for programs that publish or consume them and for catalogues. The channel
 * is the broker. Each function has an operation for what it publishes and one for what its Triggers deliver to it.
 */
export const asyncapi = async (root: string): Promise<Map<string, string>> =>
  new Map([[asyncapiPath, `${JSON.stringify(document(root), null, 2)}\n`]])

const description = `Vigia's functions publish CloudEvents 1.0 to one Knative broker, and Triggers deliver them. A program outside of Vigia can publish and consume events too:

- To publish, POST an event to the broker in binary mode (the headers of the message) or in structured mode (\`application/cloudevents+json\`). 202 means accepted. Send a failed request again with the same id; an event that arrives twice has one effect.
- To consume, add a Trigger whose filter has the \`type\` of the message. Every Trigger gets its own copy.

The version of an event is in its \`dataschema\`. New optional fields do not change it, so ignore fields that you do not know.`

const document = (root: string) => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Vigia',
    version: '1.0.0',
    description,
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    tags: [{ name: 'cloudevents' }, { name: 'knative' }],
  },
  defaultContentType: 'application/json',
  servers: {
    cluster: {
      host: 'broker-ingress.knative-eventing.svc.cluster.local',
      protocol: 'http',
      description:
        "Knative's own broker, inside the cluster. Other broker classes have other addresses: `kubectl -n vigia get broker default -o jsonpath={.status.address.url}`.",
      tags: [{ name: 'cluster' }],
    },
    oneMachine: {
      host: 'broker-ingress.localhost:8080',
      protocol: 'http',
      description: '`npm start`, on the loopback interface of its machine.',
      tags: [{ name: 'one machine' }],
    },
  },
  channels: {
    broker: {
      address: '/vigia/default',
      title: 'The broker',
      description: 'The Broker `default` in the namespace `vigia`.',
      messages: Object.fromEntries(allEvents.map(({ name }) => [name, reference('components', 'messages', name)])),
    },
  },
  operations: operations(root),
  components: {
    messages: Object.fromEntries(allEvents.map(event => [event.name, message(event, root)])),
    schemas: { cloudEvent },
  },
})

const reference = (...path: string[]) => ({ $ref: `#/${path.join('/')}` })
const messageOf = ({ name }: EventDefinition) => reference('channels', 'broker', 'messages', name)

/** Two operations for each function; one that would have no message is left out. */
const operations = (root: string) => {
  const triggers = manifestsIn('triggers', root)
  const found = eventUses(root).flatMap(({ function: name, publishes }) => {
    const types = triggers.filter(({ spec }) => spec.subscriber.ref.name === name).map(typeOf)
    const delivered = allEvents.filter(({ type }) => types.includes(type))
    return [operation(name, 'send', publishes), operation(name, 'receive', delivered)]
  })
  return Object.fromEntries(found.filter(([, { messages }]) => messages.length > 0))
}

const typeOf = ({ spec }: { spec: { filter: { attributes: { type: string } } } }) => spec.filter.attributes.type

const operation = (name: string, action: 'send' | 'receive', events: EventDefinition[]) =>
  [
    `${name}.${action}`,
    {
      action,
      channel: reference('channels', 'broker'),
      title: `${name} ${action === 'send' ? 'publishes' : 'handles'}`,
      summary:
        action === 'send' ? `The events that ${name} publishes.` : `The events that Triggers deliver to ${name}.`,
      tags: [{ name }],
      bindings: { http: { method: 'POST', bindingVersion: '0.3.0' } },
      messages: events.map(messageOf),
    },
  ] as const

const message = (event: EventDefinition, root: string) => ({
  name: event.type,
  title: event.name,
  summary: docstringOf(event, root),
  contentType: 'application/json',
  correlationId: {
    location: '$message.header#/ce-causationid',
    description: 'The id of the event that caused this event.',
  },
  headers: {
    type: 'object',
    allOf: [reference('components', 'schemas', 'cloudEvent'), { type: 'object', ...attributesOf(event) }],
  },
  payload: event.schema,
})

/** The headers that are not the same for all events. A PingSource sets neither a schema nor a number of hops. */
const attributesOf = ({ type, dataschema }: EventDefinition) =>
  type === Tick.type
    ? {
        required: ['ce-type', 'ce-tick'],
        properties: {
          'ce-type': { const: type },
          'ce-tick': { type: 'string', description: 'The function that the tick is for.' },
        },
      }
    : {
        required: ['ce-type'],
        properties: { 'ce-type': { const: type }, 'ce-dataschema': { const: dataschema } },
      }

const cloudEvent = {
  type: 'object',
  title: 'The attributes of a CloudEvent in binary mode',
  required: ['ce-specversion', 'ce-id', 'ce-source', 'ce-type'],
  properties: {
    'ce-specversion': { const: '1.0' },
    'ce-id': {
      type: 'string',
      minLength: 1,
      description: 'Follows from the cause, so that a repeat has the same id: `<id of the cause>/<name>[/<key>]`.',
    },
    'ce-source': {
      type: 'string',
      format: 'uri-reference',
      description: '`/functions/<function>` for events of Vigia; any other URI reference for yours.',
    },
    'ce-type': { type: 'string' },
    'ce-subject': { type: 'string', description: 'What the event is about: `show/82`, `monitor/42`, `chat/7`.' },
    'ce-time': { type: 'string', format: 'date-time' },
    'ce-dataschema': { type: 'string', format: 'uri', description: 'The schema of the data, with its version.' },
    'ce-causationid': { type: 'string', description: 'The id of the event whose handling made this event.' },
    'ce-vigiahops': {
      type: 'string',
      pattern: '^\\d+$',
      description: `The number of Vigia's events between the first cause and this event, at most ${maxHops}.`,
    },
    traceparent: { type: 'string', description: 'W3C trace context.' },
  },
}

/** The docstring of an event's constant, as one line. Throws an Error that names the file when there is none. */
const docstringOf = (event: EventDefinition, root: string): string => {
  const path = `events/${event.name.replaceAll('.', '-')}.ts`
  const found = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\nexport const ${exportedName(event)}\\b`).exec(
    readFileSync(join(root, path), 'utf8'),
  )
  if (!found) throw new Error(`${path}: ${exportedName(event)} needs a docstring, which asyncapi.json shows`)
  return found[1]!
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, '').trim())
    .filter(line => line !== '')
    .join(' ')
}
