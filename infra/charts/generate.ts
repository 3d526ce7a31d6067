import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { Manifest } from '../cluster/render/manifest-files.ts'
import { overlays, renderOverlay } from '../cluster/render/overlays.ts'
import { functionNames } from '../repository.ts'
import { template } from './merge.ts'
import { schemaOf } from './schema.ts'
import { parametrised, type Settings, settingsOf } from './settings.ts'

/** The folder of the chart. */
export const chartFolder = join(import.meta.dirname, 'vigia')

/** The chart's generated files (templates, values, schema) by path, made from the rendered overlays. */
export const chartFiles = async (): Promise<Map<string, string>> => {
  const clusters = await Promise.all(
    overlays.map(async name => {
      const objects = await renderOverlay(name)
      return { name, objects, settings: settingsOf(name, objects) }
    }),
  )
  const files = new Map<string, string>()
  const objects = new Map<string, { file: string; later: boolean; variants: Map<string, unknown> }>()
  for (const { name, objects: found, settings } of clusters)
    for (const object of found) {
      const { apiVersion, kind, metadata } = object
      const id = `${apiVersion} ${kind} ${metadata.name}`
      const known = objects.get(id) ?? { file: fileOf(object), later: comesLater(object), variants: new Map() }
      known.variants.set(name, parametrised(object, settings))
      objects.set(id, known)
    }
  for (const { file, later, variants } of objects.values()) {
    const text = template(variants, overlays)
    files.set(
      file,
      (files.get(file) ?? generatedMark) + (later ? `{{- if .Values.publishers }}\n${text}{{- end }}\n` : text),
    )
  }

  const [{ settings: defaults }] = clusters as [(typeof clusters)[0], ...typeof clusters]
  files.set('values.yaml', values(defaults))
  for (const { name, settings } of clusters) files.set(`values-${name}.yaml`, difference(settings, defaults))
  files.set('values.schema.json', `${JSON.stringify(schemaOf(overlays, functionNames(), defaults), null, 2)}\n`)
  return files
}

/**
 * Whether the first step of a first install leaves the object out. Functions that publish need K_SINK, which exists
 * only after this step, and objects of the four kinds below refer to functions.
 */
const comesLater = ({ kind, metadata }: Manifest) =>
  metadata.labels?.['vigia.dev/publishes'] === 'true' ||
  ['Trigger', 'PingSource', 'DomainMapping', 'ScaledObject'].includes(kind)

const generatedMark = '# Made by `npm run charts` from infra/cluster; change it there.\n'

/** One file for each kind. */
const fileOf = ({ apiVersion, kind }: Manifest) => {
  const name = apiVersion.startsWith('serving.') && kind === 'Service' ? 'KnativeService' : kind
  return `templates/${name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()}.yaml`
}

const values = ({ secrets, ...settings }: Settings) =>
  [
    `${generatedMark}# Each cluster's own values are in values-<cluster>.yaml.\n`,
    section('Which kind of cluster: minikube, gke or onprem.', { cluster: settings.cluster }),
    section('One image for all functions. The tag is the release, and a label on every object.', {
      image: settings.image,
    }),
    section('The commit or the tag that the image was built from.', { revision: settings.revision }),
    section('The domain of the consoles, and of the address that Telegram calls.', {
      domain: settings.domain,
    }),
    section(
      'ConfigMap vigia: API_URL, DEAD_LETTERS_COMMAND, LOG_LEVEL, OTEL_EXPORTER_OTLP_ENDPOINT, PAGES_URL, PING_URL, PROBE_ALLOW, PROBE_REFERENCE, TELEGRAM_API_ROOT, TELEGRAM_BOT_NAME, TVMAZE_URL, LIMIT_*.',
      {
        configuration: settings.configuration,
      },
    ),
    section(
      'The secrets, only for minikube: the other clusters get them from other tools. Keep them in a file outside of git.',
      {
        secrets: Object.fromEntries(secrets.map(key => [key, ''])),
      },
    ),
    section('Only for onprem: encryptedData by Secret, as infra/cluster/onprem/seal.sh writes it for one cluster.', {
      sealedSecrets: settings.sealedSecrets,
    }),
    section(
      'False in the first of the two steps of a first install: that step creates the objects that set K_SINK (README.md).',
      {
        publishers: settings.publishers,
      },
    ),
    section('The size of the disks of the databases.', { storage: settings.storage }),
    section(
      'How far each function scales, and the resources of one process (infra/cluster/scaling explains the numbers).',
      {
        functions: settings.functions,
      },
    ),
  ].join('')

const section = (comment: string, content: object) => `\n# ${comment}\n${stringify(content, { lineWidth: 0 })}`

/**
 * The values file of a cluster: its name, image repository and domain, and the settings that differ from values.yaml.
 * The tag and the revision of the image are left out, because they belong to the release.
 */
const difference = (settings: Settings, defaults: Settings) => {
  const { repository } = settings.image
  const basics = { cluster: settings.cluster, image: { repository }, domain: settings.domain }
  const rest = (['configuration', 'sealedSecrets', 'storage', 'functions'] as const).filter(
    key => JSON.stringify(settings[key]) !== JSON.stringify(defaults[key]),
  )
  return (
    generatedMark +
    stringify({ ...basics, ...Object.fromEntries(rest.map(key => [key, settings[key]])) }, { lineWidth: 0 })
  )
}

/** The generated files that the chart's folder has, by path. The other files are written by hand. */
export const writtenChartFiles = async (): Promise<Map<string, string>> => {
  const names = await readdir(chartFolder, { recursive: true, withFileTypes: true })
  const paths = names
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(chartFolder.length + 1))
  const texts = await Promise.all(
    paths.map(async path => [path, await readFile(join(chartFolder, path), 'utf8')] as const),
  )
  return new Map(texts.filter(([path, text]) => text.startsWith(generatedMark) || path === 'values.schema.json'))
}

if (import.meta.main) {
  const files = await chartFiles()
  for (const path of (await writtenChartFiles()).keys()) if (!files.has(path)) await rm(join(chartFolder, path))
  for (const [path, text] of files) {
    await mkdir(dirname(join(chartFolder, path)), { recursive: true })
    await writeFile(join(chartFolder, path), text)
  }
  process.stdout.write(`infra/charts/vigia: ${files.size} files\n`)
}
