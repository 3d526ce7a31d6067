import { execFile } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { copyClusterFiles } from '#infra/cluster/render/overlays.ts'
import { stamp } from '#infra/delivery/stamp.ts'
import { root } from '#infra/repository.ts'
import { writeEnvFile } from '#test/cluster/support/env-file.ts'
import { kubectl } from './kubectl.ts'
import { kubeconfigOf } from './layout.ts'
import { apiUrls, type World } from './world.ts'

const run = promisify(execFile)

/** A copy of the cluster files, as a user fills it in, with its scripts. */
export interface Installation {
  /** The secret with which Telegram signs updates. */
  webhookSecret: string
  /** Runs run.sh --no-platform and returns its output. Throws an Error with the output when it fails. */
  run(...args: string[]): Promise<string>
  /** Runs terminate.sh --no-platform and returns its output. */
  terminate(...args: string[]): Promise<string>
  /** Changes the version of the image, as a release does. */
  setVersion(version: string): Promise<void>
  /** Changes a YAML file of the copy, such as `knative/broker.yaml`. */
  edit(file: string, change: (text: string) => string): Promise<void>
}

/** Copies the cluster files and fills in the settings, so that the functions use the simulated Internet. */
export const prepareVigia = async ({ env }: Pick<World, 'env'>): Promise<Installation> => {
  const folder = await copyClusterFiles()
  // The names of a release are also in npm's files.
  for (const name of ['package.json', 'package-lock.json']) await copyFile(join(root, name), join(folder, name))
  const minikube = join(folder, 'infra/cluster/minikube')
  await writeEnvFile(minikube)
  const file = join(minikube, '.env')
  const values: Record<string, string> = {
    TELEGRAM_BOT_TOKEN: env.TELEGRAM_BOT_TOKEN,
    TELEGRAM_OPS_BOT_TOKEN: env.TELEGRAM_OPS_BOT_TOKEN,
    TELEGRAM_OPS_CHAT_ID: env.TELEGRAM_OPS_CHAT_ID,
  }
  let text = await readFile(file, 'utf8')
  for (const [key, value] of Object.entries(values))
    text = text.replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`)
  await writeFile(file, text)
  const edit = async (name: string, change: (text: string) => string) => {
    const path = join(folder, name)
    await writeFile(path, change(await readFile(path, 'utf8')))
  }
  await edit('infra/cluster/base/configuration.yaml', yaml => {
    const configuration = parse(yaml)
    Object.assign(configuration.data, apiUrls)
    return stringify(configuration)
  })
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
    webhookSecret: /^TELEGRAM_WEBHOOK_SECRET=(.*)$/m.exec(text)![1]!,
    run: (...args) => script('run.sh', args),
    terminate: (...args) => script('terminate.sh', args),
    setVersion: version => stamp(folder, version),
    edit,
  }
}

/** The public URL of a function, from its Service. */
export const urlOf = (name: string): Promise<string> =>
  kubectl(['get', 'ksvc', name, '--namespace=vigia', '--output=jsonpath={.status.url}'])
