import { existsSync, readFileSync, statSync } from 'node:fs'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import * as faults from './faults.ts'
import { kubectl, list } from './kubectl.ts'
import { logOf } from './program.ts'

/** Besides functions and SinkBindings: the kinds that have a condition Ready, Available or Failed. */
const kindsWithConditions = [
  ...['brokers.eventing.knative.dev', 'triggers.eventing.knative.dev', 'pingsources'],
  ...['inmemorychannels', 'subscriptions.messaging.knative.dev', 'deployments', 'jobs', 'nodes'],
]

/** The parts of Knative that carry events, by the name of their Deployment in knative-eventing. */
const carriers = ['mt-broker-ingress', 'mt-broker-filter', 'imc-dispatcher', 'pingsource-mt-adapter']

/** A moment. A diagnosis has only the packets, logs and events after it. */
export interface Moment {
  at: Date
  /** The length of the log of the enforcer of NetworkPolicies. */
  bytes: number
}

const policiesLog = () => logOf('network-policies')

export const now = (): Moment => ({
  at: new Date(),
  bytes: existsSync(policiesLog()) ? statSync(policiesLog()).size : 0,
})

/**
 * What is wrong in the cluster, a line for each fault. It begins with the objects that are wrong, and ends with the log
 * lines and the events of type Warning since the moment.
 */
export const diagnose = async (since: Moment): Promise<string[]> => {
  const problems: string[] = []
  const read = async (kind: string): Promise<KubeObject[]> => {
    try {
      return await list(kind)
    } catch (error) {
      // Kinds of Knative are unknown until its installation.
      problems.push(`no ${kind} were read: ${(error as Error).message.split('\n').at(-1)}`)
      return []
    }
  }
  const [pods, services, events, policies] = await Promise.all(
    ['pods', 'services', 'events', 'networkpolicies'].map(read),
  )
  const [functions, bindings, ...others] = await Promise.all(['ksvc', 'sinkbindings', ...kindsWithConditions].map(read))
  return [
    ...problems,
    ...faults.sinkFaults(functions!, bindings!),
    ...faults.portFaults(services!, pods!),
    ...faults.policyFaults(deniedSince(since), pods!, policies!),
    ...faults.notReady([functions!, bindings!, ...others].flat()),
    ...faults.podFaults(pods!),
    ...(await logsSince(since, pods!)),
    ...faults.warnings(events!, since.at),
  ]
}

const deniedSince = ({ bytes }: Moment): faults.Denied[] => {
  if (!existsSync(policiesLog())) return []
  const lines = readFileSync(policiesLog()).subarray(bytes).toString().split('\n')
  return lines.filter(line => line.startsWith('{"denied"')).map(line => JSON.parse(line) as faults.Denied)
}

/** What functions and the parts that carry events have logged as a warning or an error. */
const logsSince = async ({ at }: Moment, pods: readonly KubeObject[]): Promise<string[]> => {
  const isRelevant = ({ metadata: { namespace, name } }: KubeObject) =>
    namespace === 'vigia' || carriers.some(carrier => name.startsWith(`${carrier}-`))
  const found = await Promise.all(
    pods.filter(isRelevant).map(async ({ metadata: { namespace, name } }) => {
      const log = await kubectl([
        ...['logs', `--namespace=${namespace}`, name, '--all-containers', `--since-time=${at.toISOString()}`],
        ...['--tail=1000'],
      ]).catch(() => '')
      return faults.loggedFaults(`Pod ${namespace}/${name}`, log)
    }),
  )
  return found.flat()
}

/** An error whose message has a diagnosis. */
class Diagnosed extends Error {
  override name = 'Diagnosed'
}

/** Adds the lines of `diagnose` to the message of an error. */
export const addDiagnosis = async (message: string, since: Moment): Promise<string> => {
  const lines = await diagnose(since).catch(cause => [`no diagnosis: ${cause.message}`])
  return [message, ...lines].join('\n- ')
}

/** Does the work. If it fails, adds a diagnosis since the start of the work to the message of the error. */
export const withDiagnosis = async <T>(work: () => Promise<T>): Promise<T> => {
  const start = now()
  try {
    return await work()
  } catch (error) {
    if (error instanceof Diagnosed) throw error
    throw new Diagnosed(await addDiagnosis((error as Error).message, start), { cause: error })
  }
}
