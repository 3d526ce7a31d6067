import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { apply, kubectl, list } from './kubectl.ts'

/*
 * Knative Services of a test in Vigia's namespace, where Vigia's Secrets, quota and network policies are. They are
 * copies of functions, because a test must not change how the installed functions scale.
 */

const namespace = 'vigia'
const serviceLabel = 'serving.knative.dev/service'

/** An object that a test creates, with a specification as the API server has it. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: Pick<KubeObject['metadata'], 'name' | 'namespace' | 'labels'>
  spec: KubeObject['spec']
}

/** Settings of Knative's autoscaler without `autoscaling.knative.dev/`, such as `window`. */
export type Autoscaling = Record<string, string>

/**
 * The Service of an installed function under another name, and the network policies that name the function. The
 * specification is the installed one; `autoscaling` replaces settings of the autoscaler.
 */
export const copyOf = async (functionName: string, name: string, autoscaling: Autoscaling): Promise<Manifest[]> => {
  const { apiVersion, kind, metadata, spec } = JSON.parse(
    await kubectl(['get', 'ksvc', functionName, '--namespace', namespace, '--output=json']),
  ) as KubeObject
  const template = spec.template as KubeObject
  const changed = Object.entries(autoscaling).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value])
  const annotations = { ...template.metadata.annotations, ...Object.fromEntries(changed) }
  const service = {
    apiVersion,
    kind,
    metadata: { name, namespace, labels: metadata.labels ?? {} },
    spec: { template: { metadata: { ...template.metadata, annotations }, spec: template.spec } },
  }
  return [...(await policiesOf(functionName, name)), service]
}

const policiesOf = async (functionName: string, copy: string): Promise<Manifest[]> =>
  (await list('networkpolicies', namespace))
    .filter(({ spec }) => namesFunction(spec.podSelector, functionName))
    .map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: { name: `${copy}-${metadata.name}`, namespace },
      spec: { ...spec, podSelector: { matchLabels: { [serviceLabel]: copy } } },
    }))

/**
 * Whether a selector of pods names a function, alone or in a list. A selector of all functions selects the copy anyway.
 */
const namesFunction = ({ matchLabels, matchExpressions = [] }: PodSelector, functionName: string): boolean =>
  matchLabels?.[serviceLabel] === functionName ||
  matchExpressions.some(({ key, values }) => key === serviceLabel && values?.includes(functionName))

interface PodSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

export interface TestServices {
  /** Waits until none of the Services has a pod, not even a pod that is ending. */
  untilZero(...names: string[]): Promise<void>
  /** Waits until a Service has this number of ready pods. */
  untilScale(name: string, pods: number): Promise<void>
  /** Waits until Knative's autoscaler has scaled a Service to zero. Its last pod ends after that. */
  untilScaledToZero(name: string): Promise<void>
  /** Removes the objects and their pods, and waits until they are gone. */
  remove(): Promise<void>
}

/** Creates the objects of `copyOf` and waits until the Services are ready. Removes them if that fails. */
export const startTestServices = async (objects: readonly Manifest[]): Promise<TestServices> => {
  const names = objects.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name)
  const timeout = '--timeout=240s'
  const wait = async (kind: string, services: readonly string[], condition: string) => {
    const selector = `--selector=${serviceLabel} in (${services.join(', ')})`
    await kubectl(['wait', kind, '--namespace', namespace, selector, `--for=${condition}`, timeout])
  }
  const services: TestServices = {
    untilZero: (...some) => wait('pods', some, 'delete'),
    untilScale: (name, pods) => wait('podautoscalers', [name], `jsonpath={.status.actualScale}=${pods}`),
    untilScaledToZero: name => wait('deployments', [name], 'jsonpath={.spec.replicas}=0'),
    remove: async () => {
      const options = ['--filename=-', '--cascade=foreground', '--ignore-not-found', timeout]
      await kubectl(['delete', ...options], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
      await services.untilZero(...names)
    },
  }
  try {
    await apply([...objects])
    await kubectl(['wait', 'ksvc', ...names, '--namespace', namespace, '--for=condition=Ready', timeout])
    return services
  } catch (error) {
    await services.remove()
    throw error
  }
}
