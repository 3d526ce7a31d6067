import { Place } from './yaml-node.ts'

/** An object's head: what every Kubernetes object has. `spec` is read by its kind. */
export interface KubernetesObject {
  place: Place
  kind: string
  name: string
  namespace: string
  labels: Record<string, string>
  annotations: Record<string, Place>
  spec: Place
}

const DEFAULT_NAMESPACE = 'vigia'
const kinds: Record<string, string> = {
  Service: 'serving.knative.dev/v1',
  Broker: 'eventing.knative.dev/v1',
  Trigger: 'eventing.knative.dev/v1',
  PingSource: 'sources.knative.dev/v1',
  SinkBinding: 'sources.knative.dev/v1',
}

/** Reads apiVersion, kind and metadata. */
export const readObject = (place: Place): KubernetesObject => {
  const fields = place.fields(['apiVersion', 'kind', 'metadata', 'spec'], { status: 'written by the cluster' })
  const kind = Place.required(fields.kind, place, 'kind')
  const apiVersion = Place.required(fields.apiVersion, place, 'apiVersion')
  const expected = kinds[kind.text()]
  if (!expected)
    kind.refuse(`is ${kind.text()}, which one machine does not run; it knows ${Object.keys(kinds).join(', ')}`)
  if (apiVersion.text() !== expected) apiVersion.refuse(`is ${apiVersion.text()}; a ${kind.text()} is ${expected} here`)

  const metadata = Place.required(fields.metadata, place, 'metadata')
  const head = metadata.fields(['name', 'namespace', 'labels', 'annotations'])
  const name = Place.required(head.name, metadata, 'name')
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name.text()))
    name.refuse(`is "${name.text()}"; a name has small letters, digits and dashes, at most 63`)
  return {
    place,
    kind: kind.text(),
    name: name.text(),
    namespace: head.namespace?.text() ?? DEFAULT_NAMESPACE,
    labels: head.labels?.texts() ?? {},
    annotations: Object.fromEntries(head.annotations?.entries() ?? []),
    spec: Place.required(fields.spec, place, 'spec'),
  }
}
