import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { root } from '#infra/repository.ts'
import { podTemplateOf } from '#test/cluster-files/support/lints.ts'
import { allows, type Peer } from '#test/cluster-files/support/network-policies.ts'
import { podSecurityFaults } from '#test/cluster-files/support/overlay-rules.ts'
import { consumerTimeoutFaults } from '#test/cluster-files/support/rabbitmq.ts'
import { restoreJob } from '#test/machines/support/restore-job.ts'

// What only the overlay onprem has.

const objects = await renderOverlay('onprem')
const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy')
const readme = readFileSync(join(root, 'infra/cluster/onprem/README.md'), 'utf8')
const peerOf = (one: Manifest): Peer => ({
  name: one.metadata.name,
  namespace: 'vigia',
  labels: { 'serving.knative.dev/service': one.metadata.name, ...podTemplateOf(one).metadata.labels },
})

describe('the Job that restores a dump', () => {
  const restore = restoreJob()
  const nightly = objects.find(({ kind }) => kind === 'CronJob')!
  const postgres = peerOf(objects.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'postgres')!)
  const port = { number: 5432, protocol: 'TCP' } as const

  test('has the pod of the nightly dump, except for its command and the name of the dump', () => {
    const pod = structuredClone(podTemplateOf(restore))
    const [container] = pod.spec.containers
    expect(container.env.pop()).toEqual({ name: 'FILE', value: '' })
    const [wanted] = podTemplateOf(nightly).spec.containers
    expect(container).toEqual({ ...wanted, name: 'restore', command: container.command })
    expect(pod).toEqual({
      ...podTemplateOf(nightly),
      spec: { ...podTemplateOf(nightly).spec, containers: [container] },
    })
  })

  test('is admitted by the namespace, and is not part of the overlay', () => {
    expect(podSecurityFaults([restore])).toEqual([])
    expect(objects.filter(({ metadata }) => metadata.name === restore.metadata.name)).toEqual([])
  })

  test('has the only pod that reaches PostgreSQL when the policy is patched as the README says', () => {
    const [, name, patch] = /patch networkpolicy (\S+) --type merge --patch '(.*)'/.exec(readme)!
    const patched = policies.map(one =>
      one.metadata.name === name ? { ...one, spec: { ...one.spec, ...JSON.parse(patch!).spec } } : one,
    )
    const others = objects.filter(
      one => podTemplateOf(one) && (one.kind === 'Job' || one.apiVersion.startsWith('serving.')),
    )
    const reaching = (all: Manifest[]) =>
      others.filter(one => allows(all, peerOf(one), postgres, port)).map(({ metadata }) => metadata.name)
    expect(reaching(policies).length).toBeGreaterThan(1)
    expect(reaching(patched)).toEqual([])
    expect(allows(patched, peerOf(restore), postgres, port)).toBe(true)
  })
})

/** By class of the Gateway: the namespace of its proxies after a default installation. */
const proxies: Record<string, string> = {
  consoles: parseManifests(
    readFileSync(join(root, 'infra/cluster/platform/consoles/gateway-class.yaml'), 'utf8'),
    'gateway-class.yaml',
  )[0]!.spec.parametersRef.namespace,
  traefik: 'traefik',
  nginx: 'ingress-nginx',
}

test("only the proxy of our Gateway reaches RabbitMQ's console", () => {
  const rabbitmq: Peer = {
    name: 'rabbitmq',
    namespace: 'vigia',
    labels: { 'app.kubernetes.io/name': 'vigia-rabbitmq' },
  }
  const port = { number: 15672, protocol: 'TCP' } as const
  const open = Object.values(proxies).filter(namespace =>
    allows(policies, { name: 'proxy', namespace, labels: {} }, rabbitmq, port),
  )
  const classes = objects.filter(({ kind }) => kind === 'Gateway').map(({ spec }) => spec.gatewayClassName as string)
  expect(open).toEqual(classes.map(name => proxies[name]))
  for (const namespace of open) expect(readme).toContain(`namespace \`${namespace}\``)
})

describe("RabbitMQ's consumer_timeout", () => {
  const withConfig = (config: string) =>
    objects.map(one =>
      one.kind === 'RabbitmqCluster'
        ? { ...one, spec: { ...one.spec, rabbitmq: { additionalConfig: `vm_memory = 1\n${config}\n` } } }
        : one,
    )

  test('is longer than all attempts of any event', () => expect(consumerTimeoutFaults(objects)).toEqual([]))

  test.each([
    ['the default', ''],
    ['twenty minutes', 'consumer_timeout = 1200000'],
  ])('%s is too short for series-refresher', (_, config) => {
    expect(consumerTimeoutFaults(withConfig(config)).join()).toContain('series-refresher-tick: tried for 2820 s')
  })
})
