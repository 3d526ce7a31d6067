import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { until } from '#test/support/until.ts'
import { type ApiServer, apiServerSkipReason, expectSuccess, startApiServer } from './api-server.ts'

const why = await apiServerSkipReason()

const asText = (objects: unknown[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
const plain = ({ file: _, ...object }: Manifest) => object

/**
 * A pod as the RabbitMQ broker makes it (pkg/reconciler/trigger/resources/dispatcher.go): it satisfies "restricted"
 * except for the seccomp profile.
 */
const dispatcher = (name: string, labels: Record<string, string>, more = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'vigia', labels },
  spec: {
    containers: [
      {
        name: 'dispatcher',
        image: 'dispatcher',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
          ...more,
        },
      },
    ],
  },
})
const ofBroker = { 'eventing.knative.dev/broker': 'default', 'eventing.knative.dev/brokerRole': 'dispatcher' }

describe.skipIf(why)(`the namespace of onprem on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  const create = (pod: object) => server.kubectl(['create', '-f', '-'], { input: JSON.stringify(pod) })

  beforeAll(async () => {
    server = await startApiServer()
    const platform = parseManifests(await kustomize(join(root, 'infra/cluster/onprem/platform')), 'platform')
    const policies = platform.filter(({ kind }) => kind.startsWith('MutatingAdmissionPolicy'))
    const kinds = ['Namespace', 'LimitRange', 'ResourceQuota']
    const place = (await renderOverlay('onprem')).filter(({ kind }) => kinds.includes(kind))
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'vigia' } }
    const input = asText([...[...policies, ...place].map(plain), account])
    expectSuccess(await server.kubectl(['apply', '--server-side', '-f', '-'], { input }))
  })
  afterAll(() => server?.stop())

  test('admits the pods of the RabbitMQ broker, because a policy adds their seccomp profile', async () => {
    // The API server takes a moment to load a new policy.
    await until(async () => (await create(dispatcher('dispatcher', ofBroker))).code === 0, {
      timeoutMs: 60_000,
      what: 'a dispatcher that is admitted',
    })
    const found = await server.kubectl(['get', 'pod', 'dispatcher', '--namespace=vigia', '-o', 'json'])
    expect(JSON.parse(expectSuccess(found)).spec.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' })
  })

  test('admits no other pod without a seccomp profile, and no privileged pod of the broker', async () => {
    const other = await create(dispatcher('other', { app: 'other' }))
    expect(other.stderr).toContain('violates PodSecurity "restricted:latest": seccompProfile')
    const privileged = await create(dispatcher('privileged', ofBroker, { allowPrivilegeEscalation: true }))
    expect(privileged.stderr).toContain('violates PodSecurity "restricted:latest": allowPrivilegeEscalation')
    expect([other.code, privileged.code]).toEqual([1, 1])
  })
})
