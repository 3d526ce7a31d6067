import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '#infra/repository.ts'

const config = parse(readFileSync(join(root, 'infra/argocd/health.yaml'), 'utf8'))
const customizations: Record<string, { 'health.lua': string }> = parse(config.data['resource.customizations'])
const lua = ['lua5.4', 'lua'].find(name => spawnSync(name, ['-v']).status === 0)

/** A value in Lua's syntax. */
const literal = (value: unknown): string => {
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`
  if (typeof value !== 'object' || value === null) return value === null ? 'nil' : JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([key, one]) => `[${JSON.stringify(key)}] = ${literal(one)}`)
    .join(', ')}}`
}

/** Runs the script of a kind as Argo CD does: the script gets the object as `obj` and returns the health. */
const health = (kind: string, object: object): string =>
  execFileSync(lua!, ['-'], {
    input: `obj = ${literal(object)}\nlocal health = (function()\n${customizations[kind]!['health.lua']}\nend)()\nprint(health.status)`,
  })
    .toString()
    .trim()

const ready = (status: string) => ({
  conditions: [
    { type: 'Addressable', status: 'True' },
    { type: 'Ready', status },
  ],
})

describe.skipIf(!lua)(`the health checks of health.yaml${lua ? '' : ' (skipped: no lua on PATH)'}`, () => {
  test.each([
    ['eventing.knative.dev/*', {}, 'Progressing'],
    ['eventing.knative.dev/*', { status: ready('Unknown') }, 'Progressing'],
    ['eventing.knative.dev/*', { status: ready('True') }, 'Healthy'],
    ['eventing.knative.dev/*', { status: ready('False') }, 'Degraded'],
    [
      'sources.knative.dev/*',
      { metadata: { generation: 2 }, status: { observedGeneration: 1, ...ready('True') } },
      'Progressing',
    ],
    [
      'sources.knative.dev/*',
      { metadata: { generation: 2 }, status: { observedGeneration: 2, ...ready('True') } },
      'Healthy',
    ],
    ['mongodbcommunity.mongodb.com/MongoDBCommunity', {}, 'Progressing'],
    ['mongodbcommunity.mongodb.com/MongoDBCommunity', { status: { phase: 'Running' } }, 'Healthy'],
    ['mongodbcommunity.mongodb.com/MongoDBCommunity', { status: { phase: 'Failed', message: 'no' } }, 'Degraded'],
    ['rabbitmq.com/RabbitmqCluster', {}, 'Progressing'],
    [
      'rabbitmq.com/RabbitmqCluster',
      { status: { conditions: [{ type: 'AllReplicasReady', status: 'True' }] } },
      'Healthy',
    ],
    ['eventing.knative.dev/RabbitmqBrokerConfig', {}, 'Healthy'],
    ['gateway.networking.k8s.io/*', { status: { addresses: [] } }, 'Healthy'],
  ])('%s %j is %s', (kind, object, status) => {
    expect(health(kind, object)).toBe(status)
  })
})
