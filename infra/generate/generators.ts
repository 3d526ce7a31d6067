import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportedSchemas } from '#events/export.ts'
import { documentText } from '#functions/api/openapi.ts'
import { editorSchema } from '#functions/vigia-yaml/file-schema.ts'
import { chartFiles, writtenChartFiles } from '../charts/generate.ts'
import { generatedFiles, staleFiles } from '../machines/generate.ts'
import { readInventory } from '../machines/inventory.ts'
import { dashboardFiles, presentDashboards } from '../observability/generate.ts'
import { setupFiles } from '../observability/logs/files.ts'
import { workflowPictures } from '../workflows/pictures.ts'
import { asyncapi } from './asyncapi.ts'
import { functionLists } from './function-lists.ts'
import type { Generator } from './generator.ts'
import { prometheusRules } from './prometheus-rules.ts'

const schemas: Generator = {
  files: async () => inFolder('events/schemas', exportedSchemas()),
  present: async root => (await readdir(join(root, 'events/schemas'))).map(name => `events/schemas/${name}`),
}

const editorSchemaPath = 'functions/vigia-yaml/vigia.schema.json'

const vigiaYaml: Generator = {
  files: async () => new Map([[editorSchemaPath, `${JSON.stringify(editorSchema(), null, 2)}\n`]]),
}

const openapi: Generator = { files: async () => new Map([['functions/api/openapi.json', documentText()]]) }

const chart: Generator = {
  files: async () => inFolder('infra/charts/vigia', await chartFiles()),
  present: async () => [...(await writtenChartFiles()).keys()].map(path => `infra/charts/vigia/${path}`),
}

const machines: Generator = {
  files: async root => {
    const path = 'infra/machines/inventory.yaml'
    return inFolder('infra/machines', generatedFiles(readInventory(path, await readFile(join(root, path), 'utf8'))))
  },
  present: async root =>
    (await staleFiles(new Map(), join(root, 'infra/machines'))).map(path => `infra/machines/${path}`),
}

const dashboards: Generator = {
  files: async () => dashboardFiles(),
  present: async root => presentDashboards(root),
}

const logs: Generator = { files: async () => inFolder('infra/observability/logs/elastic/setup', setupFiles()) }

/**
 * The generators in the order in which they run. `functionLists` write the lists of manifests, and the chart is made
 * from the manifests in these lists.
 */
export const generators: Generator[] = [
  schemas,
  { files: asyncapi },
  vigiaYaml,
  openapi,
  { files: prometheusRules },
  ...functionLists,
  chart,
  machines,
  dashboards,
  { files: workflowPictures },
  logs,
]

const inFolder = (folder: string, files: Map<string, string>) =>
  new Map([...files].map(([path, text]) => [`${folder}/${path}`, text]))
