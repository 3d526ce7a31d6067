import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { type Overlay, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { environmentsFile, environmentsIn } from '#infra/delivery/environments.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { schemaFaults } from '#test/cluster-files/support/strict-schemas.ts'

const text = (name: string) => readFileSync(join(root, 'infra/argocd', name), 'utf8')
const read = (name: string): Manifest => ({ file: name, ...parse(text(name)) })
const project = read('project.yaml')
const set = read('applicationset.yaml')
const self = read('self.yaml')
const elements: { env: Overlay; revision: string; server: string }[] = set.spec.generators[0].list.elements

/** The Application that Argo CD makes of an element of the list. */
const applicationOf = (element: (typeof elements)[number]): Manifest => {
  const text = JSON.stringify(set.spec.template).replace(/\{\{\.(\w+)\}\}/g, (_, name: keyof typeof element) => {
    if (!(name in element)) throw new Error(`the element ${JSON.stringify(element)} has no ${name}`)
    return element[name]
  })
  const { metadata, spec } = JSON.parse(text)
  return {
    file: 'applicationset.yaml',
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { namespace: 'argocd', ...metadata },
    spec,
  }
}

describe.skipIf(crdsSkipReason)('Argo CD accepts', () => {
  test('the project and the ApplicationSet', () => {
    expect(schemaFaults(project)).toEqual([])
    expect(schemaFaults(set)).toEqual([])
    expect(schemaFaults(self)).toEqual([])
  })

  test.each(elements)('the Application of $env', element => {
    expect(schemaFaults(applicationOf(element))).toEqual([])
  })

  test('no unknown field', () => {
    expect(schemaFaults({ ...project, spec: { ...project.spec, sourceRepo: [] } })).not.toEqual([])
    const application = applicationOf(elements[0]!)
    application.spec.syncPolicy.automatic = {}
    expect(schemaFaults(application)).not.toEqual([])
  })
})

test.each(elements)('$env is an overlay that exists, at a release, on a cluster that the project allows', element => {
  const { spec } = applicationOf(element)
  expect(existsSync(join(root, spec.source.path, 'kustomization.yaml')), spec.source.path).toBe(true)
  expect(spec.source.targetRevision).toMatch(/^v\d+\.\d+\.\d+$/)
  expect(project.spec.sourceRepos).toContain(spec.source.repoURL)
  expect(project.spec.destinations).toContainEqual(spec.destination)
  expect(spec.project).toBe(project.metadata.name)
})

test('a release that is merged to main is deployed automatically', () => {
  const { repoURL, path, directory } = self.spec.source
  expect(repoURL).toBe(set.spec.template.spec.source.repoURL)
  expect(path).toBe(dirname(environmentsFile))
  expect(directory.include).toBe('{project.yaml,applicationset.yaml}')
  expect(self.spec.syncPolicy.automated).toBeDefined()
  expect(
    self.spec.syncPolicy.automated.prune,
    'with prune, deleting a file would delete every environment',
  ).toBeUndefined()
})

test('the release pipeline finds each environment and its revision', () => {
  expect(environmentsIn(text('applicationset.yaml')).map(({ name, revision }) => ({ name, revision }))).toEqual(
    elements.map(({ env, revision }) => ({ name: env, revision })),
  )
})

test('the project allows exactly the kinds that the overlays render', async () => {
  const objects = (await Promise.all(elements.map(({ env }) => renderOverlay(env)))).flat()
  const idOf = ({ group, kind }: { group: string; kind: string }) => `${group}/${kind}`
  const kinds = new Set(
    objects.map(({ apiVersion, kind }) =>
      idOf({ group: apiVersion.includes('/') ? apiVersion.split('/')[0]! : '', kind }),
    ),
  )
  const allowed = [...project.spec.clusterResourceWhitelist, ...project.spec.namespaceResourceWhitelist].map(idOf)
  expect(allowed.toSorted()).toEqual([...kinds].sort())
  expect(project.spec.clusterResourceWhitelist).toEqual([{ group: '', kind: 'Namespace' }])
})

test('health.yaml has a check for every kind that Argo CD does not know', async () => {
  const customised: string[] = Object.keys(parse(parse(text('health.yaml')).data['resource.customizations']))
  const objects = (await Promise.all(elements.map(({ env }) => renderOverlay(env)))).flat()
  const unknownToArgo = objects.filter(({ apiVersion }) =>
    ['eventing.knative.dev', 'sources.knative.dev', 'mongodbcommunity.mongodb.com', 'rabbitmq.com'].includes(
      apiVersion.split('/')[0]!,
    ),
  )
  expect(unknownToArgo.length).toBeGreaterThan(20)
  for (const { apiVersion, kind } of unknownToArgo) {
    const group = apiVersion.split('/')[0]
    expect(
      customised.some(key => key === `${group}/${kind}` || key === `${group}/*`),
      `${group}/${kind}`,
    ).toBe(true)
  }
})
