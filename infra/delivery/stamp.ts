import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import { command } from './command.ts'
import { versionIn } from './version.ts'

/** A line with the name of the release, and its file. The first group of `line` is the text before the value. */
interface StampedLine {
  file: string
  line: RegExp
  value: (version: string, revision: string) => string
}

const version = (release: string) => release
// YAML reads digits with an `e` among them as a number, and a hash can look like that.
const revision = (_: string, commit: string) => (/^[\d.e]+$/i.test(commit) ? JSON.stringify(commit) : commit)
const component = 'infra/cluster/version/kustomization.yaml'
const chart = 'infra/charts/vigia/Chart.yaml'
const values = 'infra/charts/vigia/values.yaml'

/** These lines are in YAML files. `stamp` also writes the two JSON files of npm, in the format of npm. */
const stampedLines: StampedLine[] = [
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
 * Writes the name of a release into the files that kustomize, Helm and npm read. `release` is `1.4.2`, or `1.4.2-0f3c…`
 * for a build that is not released. `commit` is any name that git resolves. In the files of a release commit it is the
 * tag `v1.4.2`, because a commit cannot contain its own hash.
 */
export const stamp = async (folder: string, release: string, commit = `v${release}`): Promise<void> => {
  if (!versionIn(release.split('-', 1)[0]!)) throw new Refusal(`${release} is not a version such as 1.4.2`)
  const texts = new Map<string, string>()
  for (const { file, line, value } of stampedLines) {
    // The first releases had no chart, and an old commit can be stamped again.
    if (!existsSync(join(folder, file))) continue
    const text = texts.get(file) ?? (await readFile(join(folder, file), 'utf8'))
    const found = text.match(line)?.length ?? 0
    if (found !== 1)
      throw new Refusal(
        `${file} has ${found} lines like ${line.source}, not one; correct the list in infra/delivery/stamp.ts`,
      )
    texts.set(
      file,
      text.replace(line, (_, before: string) => `${before}${value(release, commit)}`),
    )
  }
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'))
  lock.packages[''].version = lock.version = manifest.version = release
  texts.set('package.json', `${JSON.stringify(manifest, null, 2)}\n`)
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
