import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Overlay } from '#infra/cluster/render/overlays.ts'
import { root } from '#infra/repository.ts'

/** The version of the checkout. */
export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** The revision that infra/delivery/stamp.ts wrote. */
export const [, revision = ''] = /vigia\.dev\/revision: "?([^\s"]+)"?$/m.exec(
  readFileSync(join(root, 'infra/cluster/version/kustomization.yaml'), 'utf8'),
)!

/** The image of Vigia in each overlay. */
export const imageOf = (overlay: Overlay): string =>
  ({
    minikube: `dev.local/vigia:${version}`,
    gke: `registry.example.org/vigia:${version}`,
    onprem: `registry.vigia.lan:5000/vigia:${version}`,
  })[overlay]
