import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { chartFiles, chartFolder, writtenChartFiles } from '#infra/charts/generate.ts'
import { Expression, template } from '#infra/charts/merge.ts'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { type Overlay, overlays, parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { kubeTool } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { brokenReferences } from '#test/cluster-files/support/lints.ts'
import { orderFaults } from '#test/cluster-files/support/overlay-rules.ts'

const run = promisify(execFile)
const helm = await kubeTool('helm')
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-chart-'))
  const example = await readFile(join(root, 'infra/cluster/minikube/.env.example'), 'utf8')
  const secrets = Object.fromEntries([...example.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, key, value]) => [key, value]))
  await writeFile(join(folder, 'secrets.yaml'), stringify({ secrets }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const runHelm = async (...args: string[]) => {
  const { stdout } = await run(helm!, args, {
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder },
  })
  return stdout
}
const valuesOf = (overlay: Overlay) => [
  '--values',
  join(chartFolder, `values-${overlay}.yaml`),
  ...(overlay === 'minikube' ? ['--values', join(folder, 'secrets.yaml')] : []),
]
const renderChart = async (overlay: Overlay, chart = chartFolder, ...more: string[]) =>
  // A template whose object this cluster does not have renders an empty document.
  parseManifests(
    await runHelm('template', 'vigia', chart, '--namespace', 'vigia', ...valuesOf(overlay), ...more),
    'helm',
  ).filter(({ kind }) => kind !== undefined)

const byId = (objects: Manifest[]) =>
  Object.fromEntries(
    objects.map(({ file: _, ...object }) => [
      `${object.apiVersion} ${object.kind} ${object.metadata.name}`,
      object.kind === 'Secret' ? withoutLineBreaks(object) : object,
    ]),
  )

/** Removes the line breaks that kustomize puts into long base64 values. They have no meaning. */
const withoutLineBreaks = (secret: object & { data?: Record<string, string> }) => ({
  ...secret,
  data: Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, value.replace(/\s/g, '')])),
})

test('the chart is up to date with the overlays: npm run charts changes nothing', async () => {
  expect(Object.fromEntries(await writtenChartFiles())).toEqual(Object.fromEntries(await chartFiles()))
})

describe.runIf(helm).each(overlays)('on %s', overlay => {
  test('helm renders the same objects as kustomize, with the same fields', async () => {
    const objects = await renderOverlay(overlay)
    const ours = await renderChart(overlay)
    expect(ours.length).toBe(objects.length)
    expect(byId(ours)).toEqual(byId(objects))
  })

  test("in Helm's order, the ResourceQuota and the LimitRange also come before the pods", async () => {
    // Helm does not know Knative's kinds and applies them last, so this checks only the order of Kubernetes' own kinds.
    const faults = orderFaults(await renderChart(overlay)).filter(
      fault => !/Broker|SinkBinding|SealedSecret|ExternalSecret/.test(fault),
    )
    expect(faults).toEqual([])
  })

  test('helm lint finds nothing', async () => {
    await runHelm('lint', '--strict', chartFolder, ...valuesOf(overlay))
  })

  test('a packaged chart renders the same objects', async () => {
    const out = await runHelm('package', '--destination', folder, chartFolder)
    const [, file] = /saved it to: (.+)/.exec(out)!
    expect(byId(await renderChart(overlay, file!))).toEqual(byId(await renderOverlay(overlay)))
  })

  test('image.tag sets the release: the image, the labels and the name of the migrations', async () => {
    const [before, after] = await Promise.all([
      renderChart(overlay),
      renderChart(overlay, chartFolder, '--set', 'image.tag=9.8.7', '--set', 'revision=v9.8.7'),
    ])
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const renamed = JSON.stringify(byId(before))
      .replaceAll(`vigia:${version}"`, 'vigia:9.8.7"')
      .replaceAll(`"app.kubernetes.io/version":"${version}"`, '"app.kubernetes.io/version":"9.8.7"')
      // In a release the revision is the git tag, which contains the version.
      .replaceAll(/"vigia\.dev\/revision":"[^"]*"/g, '"vigia.dev/revision":"v9.8.7"')
      .replaceAll(`migrate-${version.replaceAll('.', '-')}`, 'migrate-9-8-7')
    expect(byId(after)).toEqual(JSON.parse(renamed))
    expect(JSON.stringify(after)).not.toContain(version)
  })

  test('the first step of an installation has the Broker and the SinkBinding, and no function that needs K_SINK', async () => {
    const objects = await renderChart(overlay, chartFolder, '--set', 'publishers=false')
    const ids = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(ids).toEqual(expect.arrayContaining(['Broker default', 'SinkBinding publishers', 'Service error-notifier']))
    expect(objects.filter(({ metadata }) => metadata.labels?.['vigia.dev/publishes'])).toEqual([])
    expect(brokenReferences(objects)).toEqual([])
  })

  test('maxScale sets how far a function scales', async () => {
    const objects = await renderChart(overlay, chartFolder, '--set', 'functions.uptime-prober.maxScale=42')
    const prober = objects.find(
      ({ kind, metadata, apiVersion }) =>
        kind === 'Service' && apiVersion.startsWith('serving.') && metadata.name === 'uptime-prober',
    )!
    expect(prober.spec.template.metadata.annotations['autoscaling.knative.dev/max-scale']).toBe('42')
  })
})

describe.runIf(helm)('helm refuses', () => {
  test('another namespace, because the network policies name vigia', async () => {
    await expect(renderChart('gke', chartFolder, '--namespace', 'default')).rejects.toThrow('--namespace vigia')
  })

  test.each([
    ['an unknown value', ['--set', 'imgae.tag=1'], 'imgae'],
    ['an unknown cluster', ['--set', 'cluster=aws'], 'cluster'],
    ['an unknown function', ['--set', 'functions.uptime-probe.maxScale=1'], 'uptime-probe'],
    ['a scale that is not a number', ['--set', 'functions.uptime-prober.maxScale=many'], 'maxScale'],
    ['a tag with a colon', ['--set', 'image.tag=1:2'], 'tag'],
    ['minikube without its secrets', ['--set', 'secrets.DATABASE_URL='], 'secrets.DATABASE_URL is not set'],
  ])('%s', async (_, args, message) => {
    await expect(renderChart('minikube', chartFolder, ...args)).rejects.toThrow(message)
  })
})

describe('a template', () => {
  const onlyOn = (...clusters: string[]) => template(new Map(clusters.map(name => [name, { a: 1 }])), ['x', 'y', 'z'])

  test('has a condition when not every cluster has the object', () => {
    expect(onlyOn('x', 'y', 'z')).toBe('---\na: 1\n')
    expect(onlyOn('x')).toBe('---\n{{- if eq .Values.cluster "x" }}\na: 1\n{{- end }}\n')
    expect(onlyOn('x', 'z')).toContain('{{- if has .Values.cluster (list "x" "z") }}')
  })

  test('has shared fields once, and different fields in conditions', () => {
    const variants = new Map([
      ['x', { a: { b: 1, c: 2 } }],
      ['y', { a: { b: 1, c: 3, d: 4 } }],
    ])
    expect(template(variants, ['x', 'y']).split('\n')).toEqual([
      '---',
      'a:',
      '  b: 1',
      '{{- if eq .Values.cluster "x" }}',
      '  c: 2',
      '{{- end }}',
      '{{- if eq .Values.cluster "y" }}',
      '  c: 3',
      '{{- end }}',
      '{{- if eq .Values.cluster "y" }}',
      '  d: 4',
      '{{- end }}',
      '',
    ])
  })

  test('escapes the braces of the original text', () => {
    const text = template(new Map([['x', { a: 'p:{{ .password }}', b: new Expression('.Values.b') }]]), ['x'])
    expect(text).toBe('---\na: p:{{ "{{" }} .password {{ "}}" }}\nb: {{ .Values.b }}\n')
  })
})
