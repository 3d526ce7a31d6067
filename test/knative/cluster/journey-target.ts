import { randomUUID } from 'node:crypto'
import { sendRequest } from '#test/support/http.ts'
import type { JobTarget, PageTarget } from '#test/support/journey-steps.ts'
import { until } from '#test/support/until.ts'
import { addDiagnosis } from './diagnosis.ts'
import { handledEvents, startKeepingLogs } from './handled-events.ts'
import { vigiaInstalled } from './installed.ts'
import { kubectl, list } from './kubectl.ts'
import { nodeAddress } from './layout.ts'
import { urlOf } from './vigia.ts'
import { ingressPort } from './world.ts'

/** Vigia on Knative as the target of the journeys. Installs Vigia unless it is installed. */
export const knativeTarget = async (): Promise<JobTarget & PageTarget> => {
  startKeepingLogs()
  const { world } = await vigiaInstalled()
  const { telegram, tvmaze, sites, sitesUrl } = world
  return { telegram, tvmaze, sites, sitesUrl, fire, settled, ping, visit, withoutVisitors, sql: query }
}

/** Sends a request through the ingress, as a program outside of the cluster does. */
const throughIngress = async (functionName: string, path: string) => {
  const { host } = new URL(await urlOf(functionName))
  const ingress = `http://${nodeAddress}:${ingressPort}`
  return await sendRequest(ingress, { method: 'GET', path, headers: { host } })
}

const ping = async (path: string): Promise<number> => (await throughIngress('heartbeat', path)).status

const visit = (path: string) => throughIngress('status-page', path)

/** Waits until the autoscaler has scaled status-page to zero and its last pod has ended. */
const withoutVisitors = () =>
  kubectl([
    ...['wait', 'pods', '--namespace=vigia', '--selector=serving.knative.dev/service=status-page'],
    ...['--for=delete', '--timeout=300s'],
  ])

/** The URL of a Broker's ingress, which the test reaches from the node. */
export const ingressOf = async (namespace: string, broker: string): Promise<string> => {
  const address = await kubectl([
    ...['get', 'service', 'broker-ingress', '--namespace=knative-eventing', '--output=jsonpath={.spec.clusterIP}'],
  ])
  return `http://${address}/${namespace}/${broker}`
}

/** Sends an event to Vigia's broker in binary mode. Throws if the broker does not accept it. */
export const publish = async (event: Record<string, string>, data: unknown = {}): Promise<void> => {
  const response = await fetch(await ingressOf('vigia', 'default'), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      ...Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value])),
    },
    body: JSON.stringify(data),
  })
  if (response.status !== 202) throw new Error(`the broker answered ${response.status}: ${await response.text()}`)
}

/** Sends a tick as a PingSource does, and waits until its function has handled it. */
const fire = async (source: string): Promise<void> => {
  const id = randomUUID()
  await publish({
    id,
    type: 'dev.knative.sources.ping',
    source: `/apis/v1/namespaces/vigia/pingsources/${source}`,
    time: new Date().toISOString(),
    tick: source,
  })
  await until(async () => (await handledEvents()).some(event => event.id === id && event.status < 300), {
    what: `the tick of ${source} to be handled`,
    timeoutMs: 60_000,
  })
}

const waitingMessages = "select count(*) from message where state in ('waiting', 'sending')"

/** Runs a query as the superuser and returns what psql prints: rows as lines, columns separated by `|`. */
export const query = async (sql: string): Promise<string> =>
  (
    await kubectl([
      ...['exec', '--namespace=vigia', 'postgres-0', '--', 'psql', '--no-psqlrc', '--username=postgres'],
      ...['--dbname=vigia', '--tuples-only', '--no-align', '--command', sql],
    ])
  ).trim()

/** The dead letters since a time (ISO, UTC), with what was wrong in the cluster; '' without any. */
export const deadLettersSince = async (time: string): Promise<string> => {
  const found = await query(
    `select trigger, event_id, event->>'type', code, reason, at from dead_letter where at >= '${time}' order by at`,
  )
  return found === '' ? '' : addDiagnosis(found, { at: new Date(time), bytes: 0 })
}

/**
 * Waits until no message waits and the functions have handled nothing but ticks and checks for three seconds, which is
 * longer than an event takes from one function to the next.
 */
const settled = async (): Promise<void> => {
  let count = -1
  let since = performance.now()
  await until(
    async () => {
      const events = (await handledEvents()).filter(
        ({ type }) => !/sources\.ping|probe\.requested|probe\.finished|shard\.due/.test(type),
      )
      const now = performance.now()
      if (events.length !== count || (await query(waitingMessages)) !== '0') {
        count = events.length
        since = now
      }
      return now - since > 3_000
    },
    { what: 'every event to be handled', timeoutMs: 120_000 },
  )
}

/** Makes a second Trigger for every Trigger, so that each function gets every event twice. */
export const doubleTriggers = async (): Promise<void> => {
  const triggers = await list('triggers.eventing.knative.dev', 'vigia')
  const twins = triggers.map(({ apiVersion, kind, metadata, spec }) => ({
    apiVersion,
    kind,
    metadata: { name: `${metadata.name}-twin`, namespace: 'vigia', labels: { twin: 'yes' } },
    spec,
  }))
  await kubectl(['apply', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: twins }))
  await kubectl([
    ...['wait', 'triggers.eventing.knative.dev', '--namespace=vigia', '--selector=twin'],
    ...['--for=condition=Ready', '--timeout=120s'],
  ])
}

/**
 * Removes the Triggers of `doubleTriggers`, one after the other. When several are removed at once, Knative leaves the
 * subscribers of removed Triggers in the channel, and the events for these subscribers become dead letters.
 */
export const removeDoubleTriggers = async (): Promise<void> => {
  for (const { metadata } of await list('triggers.eventing.knative.dev', 'vigia', '--selector=twin')) {
    await kubectl(['delete', 'triggers.eventing.knative.dev', metadata.name, '--namespace=vigia'])
    await until(async () => !(await subscribers()).some(uri => uri.includes(`/${metadata.name}/`)), {
      what: `the channel to be without ${metadata.name}`,
      timeoutMs: 60_000,
    })
  }
}

/** The URIs to which the channel of Vigia's Broker sends events: one for each Trigger. */
const subscribers = async (): Promise<string[]> => {
  const channels = await list('inmemorychannels.messaging.knative.dev', 'vigia')
  return channels.flatMap(({ spec }) => spec.subscribers ?? []).map(({ subscriberUri }) => subscriberUri)
}
