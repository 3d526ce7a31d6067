import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

const path = 'functions/error-notifier/trigger-filters.json'

interface Trigger {
  metadata: { name: string }
  spec: { filter: { attributes: Record<string, string> } }
}

/** The attributes that the filter of each Trigger asks for, for error-notifier. */
export const triggerFilters = async (root: string): Promise<Map<string, string>> => {
  const folder = join(root, 'triggers')
  const files = (await readdir(folder)).filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml').sort()
  const texts = await Promise.all(files.map(name => readFile(join(folder, name), 'utf8')))
  const triggers = texts.flatMap(text => parseAllDocuments(text).map(document => document.toJS() as Trigger))
  const filters = Object.fromEntries(triggers.map(({ metadata, spec }) => [metadata.name, spec.filter.attributes]))
  return new Map([[path, `${JSON.stringify(filters, null, 2)}\n`]])
}
