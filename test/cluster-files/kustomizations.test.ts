import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { overlays } from '#infra/cluster/render/overlays.ts'
import { root } from '#infra/repository.ts'

describe('a kustomization', () => {
  const all = ['knative', 'triggers', 'infra/cluster'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => basename(name) === 'kustomization.yaml')
      .map(name => dirname(join(folder, name))),
  )

  /** Files that a README applies by hand. */
  const appliedByHand = overlays
    .map(overlay => readFileSync(join(root, 'infra/cluster', overlay, 'README.md'), 'utf8'))
    .flatMap(readme => [...readme.matchAll(/kubectl (?:apply|create)[^\n]* -f (\S+\.yaml)/g)].map(([, file]) => file!))

  /**
   * Files that a kustomization should name but does not: those in its folder, and in subfolders without a kustomization
   * of their own.
   */
  const missingIn = (folder: string, list: unknown, files: string[]) => {
    const { resources = [], components = [], patches = [] } = list as Record<string, (string | { path?: string })[]>
    const named = [...resources, ...components, ...patches].map(one => (typeof one === 'string' ? one : one.path))
    return files.filter(
      name =>
        name.endsWith('.yaml') &&
        basename(name) !== 'kustomization.yaml' &&
        !all.some(
          other => other !== folder && join(folder, name).startsWith(`${other}/`) && other.startsWith(folder),
        ) &&
        !named.includes(name) &&
        !appliedByHand.includes(join(folder, name)),
    )
  }

  test.each(all)('%s names every file of its folder', folder => {
    const list = parse(readFileSync(join(root, folder, 'kustomization.yaml'), 'utf8'))
    expect(missingIn(folder, list, readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }))).toEqual([])
  })

  test('that leaves out a file of its folder is detected', () => {
    const files = ['broker.yaml', 'services/a.yaml', 'services/b.yaml', 'README.md']
    expect(missingIn('knative', { resources: ['broker.yaml', 'services/a.yaml'] }, files)).toEqual(['services/b.yaml'])
  })
})
