import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const header = (comment: string) => `# Made by \`npm run generate\`. ${comment}
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
`

/** The lists of manifests that the overlays in infra/cluster build on. `npm start` does not need these lists. */
export const kustomizations = async (root: string): Promise<Map<string, string>> => {
  const comment = 'The overlays in infra/cluster build on this list; `npm start` does not need it.'
  const list = (folder: string, below: string[]) =>
    [folder, header(comment) + below.map(path => `  - ${path}\n`).join('')] as const
  const manifests = (folder: string) => yamlFiles(join(root, folder))
  return new Map([
    list('knative/kustomization.yaml', [
      'broker.yaml',
      ...manifests('knative/services').map(name => `services/${name}`),
      ...manifests('knative/sources').map(name => `sources/${name}`),
    ]),
    list('triggers/kustomization.yaml', manifests('triggers')),
  ])
}

const yamlFiles = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml')
        .toSorted()
    : []
