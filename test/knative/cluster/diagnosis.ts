import { existsSync, readFileSync, statSync } from 'node:fs'
import * as faults from './faults.ts'
import { type KubeObject, kubectl, list } from './kubectl.ts'
import { logOf } from './program.ts'

/** The kinds that have a condition Ready, Available or Failed. */
const kindsWithConditions = [
  ...['ksvc', 'brokers.eventing.knative.dev', 'triggers.eventing.knative.dev', 'sinkbindings', 'pingsources'],
  ...['inmemorychannels', 'subscriptions.messaging.knative.dev', 'deployments', 'jobs', 'nodes'],
]

/** The parts of Knative that carry events, by the name of their Deployment in knative-eventing. */
const carriers = ['mt-broker-ingress', 'mt-broker-filter', 'imc-dispatcher', 'pingsource-mt-adapter']

/** A moment. A diagnosis has only the packets, logs and events after it. */
interface Moment {
  at: Date
  /** The length of the log of the enforcer of NetworkPolicies. */
  bytes: number
}

const policiesLog = () => logOf('network-policies')

const now = (): Moment => ({
  at: new Date(),
  bytes: existsSync(policiesLog()) ? statSync(policiesLog()).size : 0,
})

/**
 * What is wrong in the cluster, a line for each fault. It begins with the objects that are wrong, and ends with what
 * their programs have logged since the moment.
 */
export const diagnose = async (since: Moment): Promise<string[]> => {
  const problems: string[] = []
  /** Kinds of Knative are unknown until its installation. */
  const all = (kind: string): Promise<KubeObject[]> =>
    list(kind).catch(error => {
      problems.push(`no ${kind} were read: ${error.message}`)
      return []
    })
  const kinds = ['pods', 'services', 'events', 'networkpolicies', 'sinkbindings', 'ksvc'] as const
  const [[pods, services, events, policies, bindings, functions], withConditions] = await Promise.all([
    Promise.all(kinds.map(all)) as Promise<KubeObject[][] & { length: 6 }>,
    Promise.all(kindsWithConditions.map(all)),
  ])
  return [
    ...problems,
    ...faults.sinkFaults(functions!, bindings!),
    ...faults.portFaults(services!, pods!),
    ...faults.policyFaults(deniedSince(since), pods!, policies!),
    ...faults.notReady(withConditions.flat()),
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
class Diagnosed extends Error {}

/** Does the work. If it fails, the message of the error has what is wrong in the cluster since the work began. */
export const withDiagnosis = async <T>(work: () => Promise<T>): Promise<T> => {
  const start = now()
  try {
    return await work()
  } catch (error) {
    if (error instanceof Diagnosed) throw error
    const lines = await diagnose(start).catch(cause => [`no diagnosis: ${cause.message}`])
    throw new Diagnosed([(error as Error).message, ...lines].join('\n- '), { cause: error })
  }
}
