import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { definitionsOf, goSkipReason } from '#test/cluster-files/support/crds.ts'

const skipped = goSkipReason ? ` (skipped: ${goSkipReason})` : ''

test.skipIf(goSkipReason)(`manifests are checked against Knative Serving 1.23 and 1.24${skipped}`, () => {
  // The minor version of the Go module is 27 higher than that of the release.
  const versions = definitionsOf('serving.knative.dev', 'Service').map(({ from }) => from)
  expect(versions).toEqual(['knative.dev/serving v0.50.0', 'knative.dev/serving v0.51.0'])
})

test.skipIf(goSkipReason)(`the CRD of each kind that a Go module defines comes from that module${skipped}`, () => {
  const kinds = [
    ['argoproj.io', 'Application'],
    ['bitnami.com', 'SealedSecret'],
    ['cert-manager.io', 'Certificate'],
    ['eventing.knative.dev', 'Trigger'],
    ['external-secrets.io', 'ExternalSecret'],
    ['gateway.envoyproxy.io', 'EnvoyProxy'],
    ['gateway.networking.k8s.io', 'HTTPRoute'],
    ['keda.sh', 'ScaledObject'],
    ['monitoring.coreos.com', 'PodMonitor'],
    ['mongodbcommunity.mongodb.com', 'MongoDBCommunity'],
    ['operator.knative.dev', 'KnativeServing'],
    ['postgresql.cnpg.io', 'Cluster'],
    ['rabbitmq.com', 'RabbitmqCluster'],
    ['tekton.dev', 'PipelineRun'],
  ] as const
  for (const [group, kind] of kinds)
    expect(
      definitionsOf(group, kind).map(({ from }) => from),
      kind,
    ).toContainEqual(expect.stringMatching(/^\S+ v\d+\.\d+\.\d+$/))
})

test('go.sum has both checksums of each module, and no module needs a newer Go than the API server', () => {
  const lines = readFileSync(join(root, 'test/cluster-files/crds/go.sum'), 'utf8').trim().split('\n')
  const modules = lines.filter(line => !line.includes('/go.mod ')).map(line => line.split(' ').slice(0, 2).join(' '))
  for (const one of modules)
    expect(
      lines.some(line => line.startsWith(`${one}/go.mod h1:`)),
      one,
    ).toBe(true)
  expect(lines).toHaveLength(2 * modules.length)
  const goOf = (module: string) => /^go (\S+)$/m.exec(readFileSync(join(root, module, 'go.mod'), 'utf8'))![1]
  expect(goOf('test/cluster-files/crds')).toBe(goOf('test/cluster/programs'))
})
