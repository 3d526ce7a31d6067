import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import { command } from './command.ts'
import { versionIn } from './version.ts'

/** A place that says which release it is: the line up to the value, in a file. */
interface Place {
  file: string
  line: RegExp
  value: (version: string, revision: string) => string
}

const version = (release: string) => release
// Digits with an e among them are a number to YAML, and such a hash comes.
const revision = (_: string, commit: string) => (/^[\d.e]+$/i.test(commit) ? JSON.stringify(commit) : commit)
const component = 'infra/cluster/version/kustomization.yaml'
const chart = 'infra/charts/vigia/Chart.yaml'
const values = 'infra/charts/vigia/values.yaml'

/** Every place in YAML; the two JSON files of npm are written as npm writes them. */
const places: Place[] = [
  { file: component, line: /^( +newTag: ).*$/gm, value: version },
  { file: component, line: /^( +app\.kubernetes\.io\/version: ).*$/gm, value: version },
  { file: component, line: /^( +value: )migrate-.*$/gm, value: release => `migrate-${release.replaceAll('.', '-')}` },
  { file: component, line: /^( +vigia\.dev\/revision: ).*$/gm, value: revision },
  { file: chart, line: /^(version: ).*$/gm, value: version },
  { file: chart, line: /^(appVersion: ).*$/gm, value: version },
  { file: values, line: /^( +tag: ).*$/gm, value: version },
  { file: values, line: /^(revision: ).*$/gm, value: revision },
]

/**
 * Writes a release's name into a checkout: what kustomize, Helm and npm read. `release` is `1.4.2`, or with a suffix for what is not
 * released (`1.4.2-0f3c…`). The revision is any name git resolves: a commit cannot hold its own hash, so in git it is the tag, `v1.4.2`.
 */
export const stamp = async (folder: string, release: string, commit = `v${release}`): Promise<void> => {
  if (!versionIn(release.split('-', 1)[0]!)) throw new Refusal(`${release} is no version such as 1.4.2`)
  const texts = new Map<string, string>()
  for (const { file, line, value } of places) {
    // The chart is younger than the first releases, and an old commit can be stamped again.
    if (!existsSync(join(folder, file))) continue
    const text = texts.get(file) ?? (await readFile(join(folder, file), 'utf8'))
    const found = text.match(line)?.length ?? 0
    if (found !== 1)
      throw new Refusal(`${file} has ${found} lines like ${line.source}, not one: mend infra/delivery/stamp.ts`)
    texts.set(
      file,
      text.replace(line, (_, before: string) => `${before}${value(release, commit)}`),
    )
  }
  const own = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
  lock.packages[''].version = lock.version = own.version = release
  texts.set('package.json', `${JSON.stringify(own, null, 2)}\n`)
  texts.set('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
  for (const [file, text] of texts) await writeFile(join(folder, file), text)
}

if (import.meta.main)
  await command(async () => {
    const [release, commit] = process.argv.slice(2)
    if (!release) throw new Refusal('usage: node infra/delivery/stamp.ts <version> [revision]')
    await stamp(process.cwd(), release, commit)
    return `stamped ${release}`
  })
