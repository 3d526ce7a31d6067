import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { copyClusterFiles, parseManifests } from '#infra/cluster/render/overlays.ts'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { stamp } from '#infra/delivery/stamp.ts'
import { root } from '#infra/repository.ts'
import { writeEnvFile } from '#test/cluster/support/env-file.ts'
import { withDiagnosis } from './diagnosis.ts'
import { kubectl } from './kubectl.ts'
import { inCluster, kubeconfigOf } from './layout.ts'
import { apiUrls, type World } from './world.ts'

const run = promisify(execFile)

/** An object of the cluster files. */
export type InstalledObject = Omit<Manifest, 'file'>

/** A copy of the cluster files, as a user fills it in, with its scripts. */
export interface Installation {
  /** The secret that Telegram sends with each update. */
  webhookSecret: string
  /**
   * Runs run.sh --no-platform and returns its output. Throws an Error with the output, and with what is wrong in the
   * cluster, when it fails.
   */
  run(...args: string[]): Promise<string>
  /** Runs terminate.sh --no-platform and returns its output. */
  terminate(...args: string[]): Promise<string>
  /** Changes the version of the image, as a release does. */
  setVersion(version: string): Promise<void>
  /** The objects that run.sh applies. */
  manifests(): Promise<InstalledObject[]>
}

/**
 * The copy of the cluster files. All test runs in the shell that `npm run test:knative -- --shell` opened use the same
 * copy, because it contains the passwords of that cluster's databases.
 */
const folder = inCluster('installation')
const minikube = join(folder, 'infra/cluster/minikube')

/** Copies the cluster files unless there is a copy, and sets the functions to use the simulated Internet. */
export const prepareVigia = async (world: Pick<World, 'env'>): Promise<Installation> => {
  if (!existsSync(folder)) await copyFiles(world)
  const script = async (name: string, args: string[]) => {
    const environment = { ...process.env, KUBECONFIG: kubeconfigOf('administrator') }
    const { stdout, stderr } = await run(join(minikube, name), ['--no-platform', ...args], {
      env: environment,
      maxBuffer: 1 << 26,
      timeout: 900_000,
    }).catch(error => {
      throw new Error(`${name} ${args.join(' ')}: ${error.stderr}\n${error.stdout}`)
    })
    return stdout + stderr
  }
  return {
    webhookSecret: /^TELEGRAM_WEBHOOK_SECRET=(.*)$/m.exec(await readFile(join(minikube, '.env'), 'utf8'))![1]!,
    run: (...args) => withDiagnosis(() => script('run.sh', args)),
    terminate: (...args) => script('terminate.sh', args),
    setVersion: version => stamp(folder, version),
    manifests: async () =>
      parseManifests(await kustomize(minikube), 'infra/cluster/minikube').map(({ file: _, ...object }) => object),
  }
}

const copyFiles = async ({ env }: Pick<World, 'env'>): Promise<void> => {
  const copy = await copyClusterFiles()
  // `stamp` also writes the version into npm's files.
  for (const name of ['package.json', 'package-lock.json']) await copyFile(join(root, name), join(copy, name))
  const overlay = join(copy, 'infra/cluster/minikube')
  await writeEnvFile(overlay)
  let text = await readFile(join(overlay, '.env'), 'utf8')
  for (const key of ['TELEGRAM_BOT_TOKEN', 'TELEGRAM_OPS_BOT_TOKEN', 'TELEGRAM_OPS_CHAT_ID'] as const)
    text = text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${env[key]}`)
  await writeFile(join(overlay, '.env'), text)
  const settings = join(copy, 'infra/cluster/base/configuration.yaml')
  const configuration = parse(await readFile(settings, 'utf8'))
  Object.assign(configuration.data, apiUrls)
  await writeFile(settings, stringify(configuration))
  await rename(copy, folder)
}

/** The public URL of a function, from its Service. */
export const urlOf = (name: string): Promise<string> =>
  kubectl(['get', 'ksvc', name, '--namespace=vigia', '--output=jsonpath={.status.url}'])
