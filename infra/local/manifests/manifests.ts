import { type ParsedBroker, readBroker } from './broker-manifest.ts'
import type { ParsedDestination } from './destination.ts'
import { type KubernetesObject, readObject } from './kubernetes-object.ts'
import type { ManifestText } from './manifest-files.ts'
import type { FunctionManifest, Manifests, Origin, UnusedField } from './model.ts'
import { type ParsedSource, readPingSource } from './ping-source-manifest.ts'
import { type ParsedService, readService } from './service-manifest.ts'
import { type ParsedBinding, readSinkBinding } from './sink-binding-manifest.ts'
import { type ParsedTrigger, readTrigger } from './trigger-manifest.ts'
import { ManifestError, objectsIn } from './yaml-node.ts'

export { type ManifestText, manifestFiles } from './manifest-files.ts'
export * from './model.ts'

/** The manifests cannot be used. `lines` has one line for each error. */
export class ManifestErrors extends Error {
  readonly lines: string[]
  constructor(lines: string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

/** Reads and checks manifests. Throws ManifestErrors with the first error of each object. */
export const readManifests = (texts: ManifestText[]): Manifests => {
  const errors = errorCollector()
  const unused: UnusedField[] = []
  const nodes = errors.each(texts, ({ file, text }) => objectsIn(file, text, unused)).flat()
  const objects = errors.each(nodes, readObject)
  const namespace = objects[0]?.namespace ?? 'vigia'
  errors.try(() => refuseDuplicates(objects))
  errors.each(objects, object => {
    if (object.namespace !== namespace)
      object.node.refuse(
        `is in namespace ${object.namespace}, but other objects are in ${namespace}; one machine has only one namespace`,
      )
  })
  const ofKind = (kind: string) => objects.filter(object => object.kind === kind)
  const parsed: ParsedObjects = {
    brokers: errors.each(ofKind('Broker'), readBroker),
    services: errors.each(ofKind('Service'), readService),
    bindings: errors.each(ofKind('SinkBinding'), readSinkBinding),
    triggers: errors.each(ofKind('Trigger'), readTrigger),
    sources: errors.each(ofKind('PingSource'), readPingSource),
  }
  errors.throwIfAny()

  const [broker, second] = parsed.brokers
  if (!broker) throw new ManifestErrors(['knative/: there is no Broker; add one like knative/broker.yaml of Vigia'])
  if (second)
    errors.add(
      `${at(second.broker)}: Broker ${second.broker.name} is a second Broker; Vigia on one machine runs only one, so remove one of them`,
    )
  refuseUnknownNames(parsed, broker.broker.name, errors)
  refuseSharedPaths(parsed.services, errors)
  const functions = errors.each(parsed.services, service =>
    boundFunction(service, parsed.bindings, `/${namespace}/${broker.broker.name}`),
  )
  errors.throwIfAny()
  return {
    namespace,
    broker: broker.broker,
    functions,
    // As on Knative, a Trigger without a delivery block uses the whole block of the Broker, including its sink.
    triggers: parsed.triggers.map(({ trigger }) => ({ ...trigger, delivery: trigger.delivery ?? broker.delivery })),
    sources: parsed.sources.map(({ source }) => source),
    unused,
  }
}

interface ParsedObjects {
  brokers: ParsedBroker[]
  services: ParsedService[]
  bindings: ParsedBinding[]
  triggers: ParsedTrigger[]
  sources: ParsedSource[]
}

type ErrorCollector = ReturnType<typeof errorCollector>

/** Collects ManifestErrors, so that one start shows the errors of all objects. */
const errorCollector = () => {
  const lines: string[] = []
  const attempt = <T>(work: () => T): { value: T } | undefined => {
    try {
      return { value: work() }
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error
      lines.push(error.message)
      return undefined
    }
  }
  return {
    add: (line: string) => lines.push(line),
    try: (work: () => void) => void attempt(work),
    /** Calls `work` for each item, and returns the results of the items without an error. */
    each: <From, To>(items: readonly From[], work: (item: From) => To): To[] =>
      items.flatMap(item => {
        const result = attempt(() => work(item))
        return result ? [result.value] : []
      }),
    throwIfAny: () => {
      if (lines.length > 0) throw new ManifestErrors(lines)
    },
  }
}

const at = ({ file, line }: Origin) => `${file}:${line}`

const refuseDuplicates = (objects: KubernetesObject[]) => {
  const seen = new Map<string, KubernetesObject>()
  for (const object of objects) {
    const key = `${object.kind} ${object.name}`
    const first = seen.get(key)
    if (first)
      object.node.refuse(
        `is the second ${object.kind} named ${object.name}; rename it, the first is in ${at(first.node)}`,
      )
    seen.set(key, object)
  }
}

/** Refuses objects that name a function or a Broker without a manifest. */
const refuseUnknownNames = (
  { brokers, services, bindings, triggers, sources }: ParsedObjects,
  brokerName: string,
  errors: ErrorCollector,
) => {
  const functionNames = new Set(services.map(service => service.function.name))
  const advice = 'correct the name or add its manifest'
  const check = ({ to, node }: ParsedDestination) => {
    if (to.kind === 'function' && !functionNames.has(to.name))
      node.refuse(`is ${to.name}, and there is no such Service; ${advice}`)
    if (to.kind === 'broker' && to.name !== brokerName)
      node.refuse(`is ${to.name}, and there is no such Broker; the Broker is ${brokerName}`)
  }
  errors.each(
    [brokers, triggers, sources].flat().flatMap(({ destinations }) => destinations),
    check,
  )
  errors.each(
    bindings.map(({ destination }) => destination),
    check,
  )
  errors.each(triggers, ({ broker }) => {
    const name = broker.nonEmptyString()
    if (name !== brokerName) broker.refuse(`is ${name}, and there is no such Broker; the Broker is ${brokerName}`)
  })
}

const refuseSharedPaths = (services: ParsedService[], errors: ErrorCollector) => {
  const owners = new Map<string, ParsedService>()
  errors.each(services, service => {
    const path = service.function.public?.path
    if (path === undefined) return
    const owner = owners.get(path)
    if (owner)
      service.node.refuse(
        `claims the public path ${path}, which ${owner.function.name} has (${at(owner.node)}); choose another path`,
      )
    owners.set(path, service)
  })
}

/** The function with the K_SINK and K_CE_OVERRIDES of the SinkBinding that selects it. */
const boundFunction = (service: ParsedService, bindings: ParsedBinding[], brokerPath: string): FunctionManifest => {
  const { name } = service.function
  const [binding, second] = bindings.filter(({ selects }) => selects(service.labels, name))
  if (second) second.node.refuse(`binds ${name}, which ${binding!.name} binds already; remove one of the two`)
  return { ...service.function, sink: binding ? brokerPath : null, ceOverrides: binding?.ceOverrides ?? '' }
}
