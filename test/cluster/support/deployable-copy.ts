import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyClusterFiles, type Overlay } from '#infra/cluster/render/overlays.ts'
import { runProgram } from '../api-server.ts'
import { writeEnvFile } from './env-file.ts'

/**
 * Copies the overlays and prepares them for a deployment: fills in the secrets, and seals those of onprem. Returns the
 * folder and the secret values, which no program may print.
 */
export const deployableCopy = async (path: string) => {
  const folder = await copyClusterFiles()
  const at = (overlay: Overlay) => join(folder, 'infra/cluster', overlay)
  const secrets = [...(await writeEnvFile(at('minikube'))), ...(await writeEnvFile(at('onprem')))]
  const tools = join(folder, 'tools')
  await mkdir(tools)
  await writeFile(join(tools, 'kubeseal'), kubeseal)
  await chmod(join(tools, 'kubeseal'), 0o755)
  const sealing = await runProgram(join(at('onprem'), 'seal.sh'), [], { env: { PATH: `${tools}:${path}` } })
  if (sealing.code !== 0) throw new Error(`seal.sh: ${sealing.stderr}`)
  return { folder, at, secrets, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A stand-in for kubeseal without a key: it turns a Secret into a SealedSecret that the API server accepts. */
const kubeseal = `#!/bin/sh
exec sed -e 's|^apiVersion: v1|apiVersion: bitnami.com/v1alpha1|' -e 's|^kind: Secret|kind: SealedSecret|' \\
  -e '/^data:/,/^[a-ce-z]/s|^  |    |' -e 's|^data:|spec:\\n  encryptedData:|'
`
