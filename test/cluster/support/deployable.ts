import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyClusterFiles, type Overlay } from '#infra/cluster/render/overlays.ts'
import { runProgram } from '../api-server.ts'
import { filled } from './filled.ts'

/** A copy of the overlays as their operator has them: secrets filled in, on-premise ones sealed. Folder and what nothing may print. */
export const deployable = async (path: string) => {
  const folder = await copyClusterFiles()
  const at = (overlay: Overlay) => join(folder, 'infra/cluster', overlay)
  const secrets = [...(await filled(at('minikube'))), ...(await filled(at('onprem')))]
  const tools = join(folder, 'tools')
  await mkdir(tools)
  await writeFile(join(tools, 'kubeseal'), kubeseal)
  await chmod(join(tools, 'kubeseal'), 0o755)
  const sealing = await runProgram(join(at('onprem'), 'seal.sh'), [], { env: { PATH: `${tools}:${path}` } })
  if (sealing.code !== 0) throw new Error(`seal.sh: ${sealing.stderr}`)
  return { folder, at, secrets, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Has no key and seals nothing: it gives a Secret the shape of a SealedSecret, as far as the API server looks. */
const kubeseal = `#!/bin/sh
exec sed -e 's|^apiVersion: v1|apiVersion: bitnami.com/v1alpha1|' -e 's|^kind: Secret|kind: SealedSecret|' \\
  -e '/^data:/,/^[a-ce-z]/s|^  |    |' -e 's|^data:|spec:\\n  encryptedData:|'
`
