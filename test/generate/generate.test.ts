import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { functionLists } from '#infra/generate/function-lists.ts'
import type { Generator } from '#infra/generate/generator.ts'
import { generators } from '#infra/generate/generators.ts'
import { outdated, write } from '#infra/generate/write.ts'
import { functionNames, root } from '#infra/repository.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'

const lists = [
  'functions/error-notifier/trigger-filters.json',
  'infra/cluster/kn.md',
  'infra/cluster/scaling/README.md',
  'infra/delivery/smoke.yaml',
  'knative/kustomization.yaml',
  'triggers/kustomization.yaml',
]

test('every generated file is up to date; otherwise run npm run generate', async () => {
  expect(await outdated(generators, root)).toEqual([])
})

describe('in a copy of the checkout', () => {
  let copy: string
  beforeEach(async () => {
    copy = temporaryFolder()
    for (const path of ['functions', 'knative', 'triggers', ...lists])
      await cp(join(root, path), join(copy, path), { recursive: true })
    return () => rm(copy, { recursive: true, force: true })
  })
  const edit = async (path: string, change: (text: string) => string) =>
    writeFile(join(copy, path), change(await readFile(join(copy, path), 'utf8')))

  test('a new function is added to every list', async () => {
    await mkdir(join(copy, 'functions/new-one'))
    await writeFile(join(copy, 'functions/new-one/main.ts'), '')
    for (const folder of ['knative/services', 'knative/sources', 'triggers'])
      await writeFile(
        join(copy, folder, 'new-one.yaml'),
        (await readFile(join(copy, folder, 'episode-checker.yaml'), 'utf8')).replaceAll('episode-checker', 'new-one'),
      )
    expect((await write(functionLists, copy)).toSorted()).toEqual(lists)
    for (const path of lists) expect(await readFile(join(copy, path), 'utf8'), path).toContain('new-one')
    expect(await outdated(functionLists, copy)).toEqual([])
  })

  test('after a change of a number, reason or schedule, exactly the files that contain it are out of date', async () => {
    const service = 'knative/services/uptime-prober.yaml'
    await edit(service, text =>
      text.replace('autoscaling.knative.dev/target: "200"', 'autoscaling.knative.dev/target: "150"'),
    )
    expect(await write(functionLists, copy)).toEqual(['infra/cluster/scaling/README.md', 'infra/cluster/kn.md'])
    await edit(service, text => text.replace('# Waits for: ', '# Waits for: mostly '))
    expect(await write(functionLists, copy)).toEqual(['infra/cluster/scaling/README.md'])
    await edit('knative/sources/series-refresher.yaml', text => text.replace('"7-57/10 * * * *"', '"8-58/10 * * * *"'))
    expect(await write(functionLists, copy)).toEqual(['infra/cluster/kn.md'])
  })

  test('a page without its generate comments and a smoke Job without FUNCTIONS are refused with their paths', async () => {
    await edit('infra/cluster/kn.md', text => text.replace('<!-- /generate -->', ''))
    await expect(outdated(functionLists, copy)).rejects.toThrow(/^infra\/cluster\/kn\.md needs the lines/)
    await edit('infra/cluster/kn.md', text => `${text}\n<!-- /generate -->\n`)
    await edit('infra/delivery/smoke.yaml', text => text.replace('- name: FUNCTIONS', '- name: TARGETS'))
    await expect(outdated(functionLists, copy)).rejects.toThrow(
      /^infra\/delivery\/smoke\.yaml has no variable FUNCTIONS/,
    )
  })

  test('a generated file that nothing generates any more is out of date, and is removed', async () => {
    await writeFile(join(copy, 'old.txt'), 'old')
    const generator: Generator = { files: async () => new Map([['new.txt', 'new']]), present: async () => ['old.txt'] }
    expect(await outdated([generator], copy)).toEqual(['new.txt', 'old.txt'])
    expect(await write([generator], copy)).toEqual(['new.txt', 'old.txt'])
    expect(await outdated([{ ...generator, present: async () => [] }], copy)).toEqual([])
    await expect(readFile(join(copy, 'old.txt'))).rejects.toThrow(/ENOENT/)
  })
})

test('every function says what it waits for', async () => {
  for (const name of functionNames()) {
    const text = await readFile(join(root, 'knative/services', `${name}.yaml`), 'utf8')
    expect(text, `knative/services/${name}.yaml needs a comment "# Waits for: …"`).toMatch(/^# Waits for: \w/m)
  }
})
