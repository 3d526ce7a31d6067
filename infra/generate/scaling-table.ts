import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manifestsIn } from '../cluster/render/manifest-files.ts'
import { functionNames } from '../repository.ts'
import { betweenMarks } from './generator.ts'

const path = 'infra/cluster/scaling/README.md'

const head = `| function | metric | target | containerConcurrency | min–max scale | window | because it waits for |
| --- | --- | ---: | ---: | --- | --- | --- |
`

/** The page about scaling, with a table of the functions. The numbers and the reasons come from the manifests. */
export const scalingTable = async (root: string): Promise<Map<string, string>> => {
  const services = new Map(manifestsIn('knative/services', root).map(service => [service.metadata.name, service]))
  const rows = await Promise.all(
    functionNames(root).map(async name => {
      const { metadata, spec } = services.get(name)!.spec.template
      const scale = (key: string) => metadata.annotations[`autoscaling.knative.dev/${key}`]
      const cells = [
        `\`${name}\``,
        scale('metric'),
        scale('target'),
        spec.containerConcurrency,
        `${scale('min-scale')}–${scale('max-scale')}`,
        scale('window'),
        waitsFor(await readFile(join(root, `knative/services/${name}.yaml`), 'utf8')) ?? '',
      ]
      return `| ${cells.join(' | ')} |\n`
    }),
  )
  return new Map([[path, betweenMarks(await readFile(join(root, path), 'utf8'), head + rows.join(''), path)]])
}

/** The text after `# Waits for: ` at the top of a Service's file, including the comment lines that follow it. */
export const waitsFor = (text: string): string | undefined =>
  /^# Waits for: (.+(?:\n# .+)*)/m.exec(text)?.[1]?.replaceAll('\n# ', ' ')
