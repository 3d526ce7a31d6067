import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'

const readme = readFileSync(join(root, 'functions/status-page/README.md'), 'utf8')
const example = [...readme.matchAll(/```yaml\n(.*?)```/gs)].find(([, text]) => text!.includes('DomainMapping'))![1]!
const objects = parseAllDocuments(example).map(document => document.toJS() as Manifest)

test('the example of a domain in the README maps it to status-page, for one host in all objects', () => {
  expect(objects.map(({ kind }) => kind)).toEqual(['ClusterDomainClaim', 'Certificate', 'DomainMapping'])
  const [claim, certificate, mapping] = objects
  expect(claim!.metadata.name).toBe(mapping!.metadata.name)
  expect(certificate!.spec.dnsNames).toEqual([mapping!.metadata.name])
  expect(mapping!.spec).toEqual({
    ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'status-page' },
    tls: { secretName: certificate!.spec.secretName },
  })
})

test.skipIf(crdsSkipReason)(
  `the example of a domain is valid for its CRDs${crdsSkipReason ? ` (skipped: ${crdsSkipReason})` : ''}`,
  () => {
    // No module of the tests defines the kind of the claim, which is like the one of the usual host.
    const [claim, ...others] = objects
    expect(faultsOfAll(others)).toEqual([])
    const platform = parseAllDocuments(readFileSync(join(root, 'infra/cluster/gke/platform/domain.yaml'), 'utf8'))
    expect({ ...claim, metadata: null }).toEqual({ ...platform[0]!.toJS(), metadata: null })
  },
)
