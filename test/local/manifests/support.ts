import { expect } from 'vitest'
import { ManifestErrors, readManifests } from '#local/manifests/manifests.ts'

export const broker = `apiVersion: eventing.knative.dev/v1
kind: Broker
metadata:
  name: default
  namespace: vigia
spec: {}
`
export const service = `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: echo
  namespace: vigia
  labels:
    vigia.dev/publishes: "true"
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/max-scale: "3"
    spec:
      containerConcurrency: 7
      timeoutSeconds: 45
      containers:
        - image: vigia
          env:
            - name: FUNCTION_TARGET
              value: echo
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef:
                  name: vigia-postgres
                  key: DATABASE_URL
`
export const trigger = `apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: echo-tick
  namespace: vigia
spec:
  broker: default
  filter:
    attributes:
      type: dev.vigia.tick
  subscriber:
    ref:
      apiVersion: serving.knative.dev/v1
      kind: Service
      name: echo
    uri: /in
  delivery:
    retry: 3
    backoffPolicy: exponential
    backoffDelay: PT0.2S
    timeout: PT1M
    deadLetterSink:
      ref:
        apiVersion: serving.knative.dev/v1
        kind: Service
        name: echo
      uri: /dead/echo-tick
`
export const source = `apiVersion: sources.knative.dev/v1
kind: PingSource
metadata:
  name: echo
  namespace: vigia
spec:
  schedule: "*/5 * * * *"
  timezone: America/Sao_Paulo
  contentType: application/json
  data: '{"a": 1}'
  ceOverrides:
    extensions:
      Tick: echo
  sink:
    ref:
      apiVersion: eventing.knative.dev/v1
      kind: Broker
      name: default
`
export const binding = `apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata:
  name: publishers
  namespace: vigia
spec:
  subject:
    apiVersion: serving.knative.dev/v1
    kind: Service
    selector:
      matchLabels:
        vigia.dev/publishes: "true"
  sink:
    ref:
      apiVersion: eventing.knative.dev/v1
      kind: Broker
      name: default
`
/** A small set of manifests without errors, by file. */
export const validManifests = {
  'knative/broker.yaml': broker,
  'knative/services/echo.yaml': service,
  'triggers/echo.yaml': trigger,
  'knative/sources/echo.yaml': source,
  'knative/binding.yaml': binding,
}
export type File = keyof typeof validManifests

export const read = (files: Record<string, string>) =>
  readManifests(Object.entries(files).map(([file, text]) => ({ file, text })))

/** The errors of the valid manifests with one file changed or added. */
export const errorsOf = (file: string, text: string): string[] => {
  try {
    read({ ...validManifests, [file]: text })
    return []
  } catch (error) {
    if (error instanceof ManifestErrors) return error.lines
    throw error
  }
}

/** Makes one change in a file of the valid manifests, and expects one error that contains `expected`. */
export const expectRefused = (file: File, from: string | RegExp, to: string, expected: string) => {
  const text = validManifests[file].replace(from, to)
  expect(text).not.toBe(validManifests[file])
  const [line, ...more] = errorsOf(file, text)
  expect(line).toContain(expected)
  expect(line).toMatch(/^(knative|triggers)\/[a-z/]+\.yaml:\d+: /)
  expect(line).not.toContain('\n')
  expect(more.filter(other => !/no such (Broker|Service)|there is no Broker/.test(other))).toEqual([])
}
