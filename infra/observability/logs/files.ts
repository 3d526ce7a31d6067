import { indexTemplate, lifecyclePolicy } from './index-template.ts'
import { savedObjectsFile } from './saved-objects.ts'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

/** The files that setup.sh sends to Elasticsearch and Kibana, by name. */
export const setupFiles = (): Map<string, string> =>
  new Map([
    ['index-template.json', json(indexTemplate)],
    ['mappings.json', json(indexTemplate.template.mappings)],
    ['lifecycle-policy.json', json(lifecyclePolicy)],
    ['kibana.ndjson', savedObjectsFile()],
  ])
