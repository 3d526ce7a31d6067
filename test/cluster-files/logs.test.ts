import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { LogLine } from '#functions/host/log-line.ts'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { mappings } from '#infra/observability/logs/index-template.ts'
import { savedObjects, searches } from '#infra/observability/logs/saved-objects.ts'
import { root } from '#infra/repository.ts'
import { crdsSkipReason } from '#test/cluster-files/support/crds.ts'
import { faultsOfAll } from '#test/cluster-files/support/strict-schemas.ts'

const folder = 'infra/observability/logs'
const render = async (name: string): Promise<Manifest[]> =>
  parseManifests(await kustomize(join(root, folder, name)), `${folder}/${name}`)

const withoutSchema = /unknown kind: (rbac\.authorization|elasticsearch|kibana)\./

describe.each(['gke', 'onprem', 'minikube'])('the log pipeline of %s', name => {
  test('renders, and every object but the route to Kibana is in the namespace logs or belongs to the cluster', async () => {
    const outside = (await render(name)).filter(({ metadata }) => metadata.namespace !== 'logs')
    const kinds = ['ClusterRole', 'ClusterRoleBinding', ...(name === 'minikube' ? [] : ['HTTPRoute']), 'Namespace']
    expect(outside.map(({ kind }) => kind).toSorted()).toEqual(kinds)
  })

  // The CRDs of ECK are in no Go module: KNATIVE_CRDS can name a folder with them. RBAC has no CRD.
  test.skipIf(crdsSkipReason)('has no fault in an object of a kind whose CRD is known', async () =>
    expect(faultsOfAll(await render(name)).filter(fault => !withoutSchema.test(fault))).toEqual([]),
  )

  test('has only images with fixed tags, and its pods name every ConfigMap that exists', async () => {
    const objects = await render(name)
    const images = [...JSON.stringify(objects).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image!)
    expect(images.length).toBeGreaterThan(0)
    for (const image of images) expect(image).toMatch(/:v?\d+\.\d+\.\d+$/)
    for (const { metadata } of objects.filter(({ kind }) => kind === 'ConfigMap'))
      expect(JSON.stringify(objects)).toContain(`"configMap":{"name":"${metadata.name}"}`)
  })
})

test.each(['gke', 'onprem'])(
  'on %s, Kibana is behind the TLS of the consoles, with a certificate for its name and a grant for its route',
  async name => {
    const objects = await render(name)
    const one = (kind: string) => objects.find(object => object.kind === kind) as unknown as { spec: Spec }
    interface Spec {
      parentRefs: { name: string }[]
      hostnames: string[]
      rules: { backendRefs: { name: string; namespace: string; port: number }[] }[]
      to: { kind: string; name: string }[]
      from: { kind: string; namespace: string }[]
    }
    const route = one('HTTPRoute').spec
    const [backend] = route.rules[0]!.backendRefs
    // ECK makes the Service of the Kibana "logs" under this name.
    expect(backend).toEqual({ name: 'logs-kb-http', namespace: 'logs', port: 5601 })
    const grant = one('ReferenceGrant').spec
    expect([grant.from[0], grant.to[0]]).toMatchObject([
      { kind: 'HTTPRoute', namespace: 'vigia' },
      { kind: 'Service', name: backend!.name },
    ])
    const overlay = parseManifests(readFileSync(join(root, `infra/cluster/${name}/consoles.yaml`), 'utf8'), 'consoles')
    const named = (kind: string) =>
      overlay.find(object => object.kind === kind && object.metadata.name === 'consoles') as unknown as {
        spec: { dnsNames: string[]; listeners: { protocol: string; hostname: string }[] }
      }
    expect(named('Certificate').spec.dnsNames).toEqual(expect.arrayContaining(route.hostnames))
    expect(route.parentRefs).toEqual([{ name: 'consoles' }])
    const [listener] = named('Gateway').spec.listeners
    expect(listener).toMatchObject({ protocol: 'HTTPS', hostname: route.hostnames[0]!.replace('kibana', '*') })
  },
)

const { inputs, filters } = parse(readFileSync(join(root, folder, 'pipeline/fluent-bit.yaml'), 'utf8')).pipeline

/** The container of a function, which gets its name from Knative, and those of the Jobs of Vigia. */
const containers: { name: string; program?: string }[] = [
  { name: 'user-container' },
  ...['base/migrations', 'doctor', 'dead-letters', 'restore', 'vigia-yaml']
    .flatMap(file => parseManifests(readFileSync(join(root, `infra/cluster/${file}.yaml`), 'utf8'), file))
    .flatMap(({ spec }) => (spec.template?.spec ?? spec).containers as Container[])
    .map(({ name, env }) => ({ name, program: env.find(variable => variable.name === 'FUNCTION_TARGET')!.value })),
]
interface Container {
  name: string
  env: { name: string; value: string }[]
}

test.each(containers)('Fluent Bit reads the lines of the container $name', ({ name }) =>
  expect(inputs[0].path.split(',')).toContain(`\${VIGIA_LOGS}/*_vigia_${name}-*.log`),
)

test.each(containers)(
  'text of the container $name is an error, unless it is the output of a Job for a person',
  ({ name, program }) => {
    const file = program === undefined ? '' : readFileSync(join(root, `infra/delivery/jobs/${program}.ts`), 'utf8')
    // A Job that uses job.ts writes JSON.
    const isForPeople = program !== undefined && !file.includes("from './job.ts'")
    const tag = `kube.var.log.containers.pod-1_vigia_${name}-${'0a1b'.repeat(16)}.log`
    const levels = filters
      // Fluent Bit compares the expression with the beginning of the tag.
      .filter(({ match_regex = '' }: { match_regex?: string }) => tag.match(`^(?:${match_regex})`))
      .flatMap(({ add }: { add?: string }) => add ?? [])
    expect(levels).toEqual([...(isForPeople ? ['log.level info'] : []), 'log.level error'])
  },
)

test('the index template maps every field of a line', () => {
  expect(Object.keys(mappings)).toEqual(expect.arrayContaining(Object.keys(LogLine.properties)))
})

describe("Kibana's saved objects", () => {
  const known = new Set(savedObjects.map(({ type, id }) => `${type} ${id}`))

  test('refer only to objects of the same file', () => {
    for (const { references } of savedObjects)
      for (const { type, id } of references) expect(known).toContain(`${type} ${id}`)
    expect(known.size).toBe(savedObjects.length)
  })

  test('show and search only fields that are indexed', () => {
    for (const { attributes } of searches) {
      const { columns, kibanaSavedObjectMeta } = attributes as {
        columns: string[]
        kibanaSavedObjectMeta: { searchSourceJSON: string }
      }
      const { query } = JSON.parse(kibanaSavedObjectMeta.searchSourceJSON)
      const [field] = query.query.split(' :')
      for (const name of [...columns, field]) expect(Object.keys(mappings)).toContain(name)
    }
  })

  test('place every panel of the dashboard once, without overlap, on a grid 48 wide', () => {
    const { attributes, references } = savedObjects.find(({ type }) => type === 'dashboard')!
    const panels = JSON.parse(String(attributes.panelsJSON)) as {
      panelRefName: string
      gridData: { x: number; y: number; w: number; h: number }
    }[]
    expect(panels.map(({ panelRefName }) => panelRefName)).toEqual(references.map(({ name }) => name))
    const cells = panels.flatMap(({ gridData: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridData } of panels) expect(gridData.x + gridData.w).toBeLessThanOrEqual(48)
  })
})

test('setup.sh is a valid shell script, and sends every file of its folder', () => {
  const script = join(root, folder, 'elastic/setup/setup.sh')
  expect(spawnSync('sh', ['-n', script]).status).toBe(0)
  const text = readFileSync(script, 'utf8')
  const { configMapGenerator } = parse(readFileSync(join(root, folder, 'elastic/kustomization.yaml'), 'utf8'))
  const files = configMapGenerator[1].files.map((path: string) => path.replace('setup/', ''))
  for (const file of files.filter((name: string) => name !== 'setup.sh')) expect(text).toContain(`@${file}`)
})
