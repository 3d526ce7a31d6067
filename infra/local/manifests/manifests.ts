import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { readBroker } from './broker-manifest.ts'
import type { ParsedDestination } from './delivery-spec.ts'
import { type KubernetesObject, readObject } from './kubernetes-object.ts'
import type { Manifests, Origin, UnusedField } from './model.ts'
import { readPingSource } from './ping-source-manifest.ts'
import { type ParsedService, readService } from './service-manifest.ts'
import { readSinkBinding } from './sink-binding-manifest.ts'
import { readTrigger } from './trigger-manifest.ts'
import { ManifestError, objectsIn } from './yaml-node.ts'

export * from './model.ts'

/** The manifests cannot be honoured; one line for each fault. */
export class ManifestErrors extends Error {
  readonly lines: string[]
  constructor(lines: string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

export interface ManifestText {
  /** As messages say it: `triggers/uptime-prober.yaml`. */
  file: string
  text: string
}

/** Every YAML file in `knative/` and `triggers/` of a folder. Overlays (`kustomization.yaml`) are not for one machine. */
export const manifestFiles = (root: string): ManifestText[] =>
  ['knative', 'triggers'].flatMap(folder => {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    return entries
      .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name) && !/^kustomization\.ya?ml$/.test(entry.name))
      .map(entry => join(entry.parentPath, entry.name))
      .toSorted()
      .map(path => ({ file: relative(root, path), text: readFileSync(path, 'utf8') }))
  })

/** Reads and checks manifests. Throws ManifestFaults with every object's first fault. */
export const readManifests = (texts: ManifestText[]): Manifests => {
  const faults: string[] = []
  const unused: UnusedField[] = []
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error
      faults.push(error.message)
      return undefined
    }
  }
  const every = <From, To>(items: From[], read: (item: From) => To) =>
    items.flatMap(item => {
      const value = attempt(() => read(item))
      return value === undefined ? [] : [value]
    })

  const objects = every(every(texts, ({ file, text }) => objectsIn(file, text, unused)).flat(), readObject)
  attempt(() => refuseDoubles(objects))
  const of = (kind: string) => objects.filter(object => object.kind === kind)
  const namespace = objects[0]?.namespace ?? 'vigia'
  every(objects, object => {
    if (object.namespace !== namespace)
      object.node.refuse(`is in namespace ${object.namespace}, others are in ${namespace}; one machine has one`)
  })
  const brokers = every(of('Broker'), readBroker)
  const services = every(of('Service'), readService)
  const bindings = every(of('SinkBinding'), readSinkBinding)
  const triggers = every(of('Trigger'), readTrigger)
  const sources = every(of('PingSource'), readPingSource)
  if (faults.length > 0) throw new ManifestErrors(faults)

  const [broker, second] = brokers
  if (!broker) throw new ManifestErrors(['knative/: there is no Broker; see knative/broker.yaml in the repository'])
  if (second) faults.push(`${at(second.broker)}: Broker ${second.broker.name} is the second one; one machine runs one`)
  const functionNames = new Set(services.map(service => service.function.name))
  const known = ({ to, node: place }: ParsedDestination) => {
    if (to.kind === 'function' && !functionNames.has(to.name))
      place.refuse(`is ${to.name}, and there is no such Service`)
    if (to.kind === 'broker' && to.name !== broker.broker.name)
      place.refuse(`is ${to.name}, and there is no such Broker`)
  }
  every(
    [brokers, triggers, sources].flat().flatMap(({ destinations }) => destinations),
    known,
  )
  every(
    bindings.map(({ destination }) => destination),
    known,
  )
  every(triggers, ({ broker: named }) => {
    if (named.nonEmptyString() !== broker.broker.name)
      named.refuse(`is ${named.nonEmptyString()}, and there is no such Broker`)
  })

  const paths = new Map<string, ParsedService>()
  every(services, service => {
    const path = service.function.public?.path
    if (path === undefined) return
    const first = paths.get(path)
    if (first)
      service.node.refuse(`claims the public path ${path}, which ${first.function.name} has (${at(first.node)})`)
    paths.set(path, service)
  })
  const functions = every(services, service => {
    const [binding, ...others] = bindings.filter(one => one.selects(service.labels, service.function.name))
    if (others[0]) others[0].node.refuse(`binds ${service.function.name}, which ${binding!.name} binds already`)
    return {
      ...service.function,
      sink: binding ? `/${namespace}/${broker.broker.name}` : null,
      ceOverrides: binding?.ceOverrides ?? '',
    }
  })
  if (faults.length > 0) throw new ManifestErrors(faults)
  return {
    namespace,
    broker: broker.broker,
    functions,
    // All or nothing, but a Trigger without a sink falls back to the Broker's: both hold when the whole block is taken over.
    triggers: triggers.map(({ trigger }) => ({ ...trigger, delivery: trigger.delivery ?? broker.delivery })),
    sources: sources.map(({ source }) => source),
    unused,
  }
}

const refuseDoubles = (objects: KubernetesObject[]) => {
  const seen = new Map<string, KubernetesObject>()
  for (const object of objects) {
    const first = seen.get(`${object.kind} ${object.name}`)
    if (first)
      object.node.refuse(`is the second ${object.kind} named ${object.name}; the first is in ${at(first.node)}`)
    seen.set(`${object.kind} ${object.name}`, object)
  }
}

const at = ({ file, line }: Origin) => `${file}:${line}`
