import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { root } from '#infra/repository.ts'
import { startServer } from '#test/support/http.ts'

const configuration = join(root, 'infra/observability/logs')
const read = (file: string) => parse(readFileSync(join(configuration, file), 'utf8'))

/**
 * The part of the API server that Fluent Bit's filter "kubernetes" calls: it describes any pod. The filter reads the
 * names of the pod and of its namespace from the name of the log file, and the name of the node from this server.
 */
const startPodApi = () =>
  startServer((request, response) => {
    const [, namespace, name] = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/?]+)/.exec(request.url ?? '') ?? []
    const pod = {
      kind: 'Pod',
      metadata: { name, namespace, uid: '1' },
      spec: { nodeName: 'worker-1', containers: [{ name: 'user-container', image: 'vigia' }] },
      status: { containerStatuses: [] },
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(pod))
  })

/**
 * Starts Fluent Bit with the configuration of the DaemonSet and of an overlay. `change` replaces how the overlay's
 * output is reached. `folder` gets Fluent Bit's state; `logs` has the log files of the containers.
 */
export const startFluentBit = async (
  overlay: 'elastic' | 'minikube',
  { folder, logs, change }: { folder: string; logs: string; change: (output: Record<string, unknown>) => void },
) => {
  const podApi = await startPodApi()
  mkdirSync(folder, { recursive: true })
  const pipeline = read('pipeline/fluent-bit.yaml')
  const kubernetes = pipeline.pipeline.filters.find(({ name }: { name: string }) => name === 'kubernetes')
  Object.assign(kubernetes, { kube_url: podApi.url, kube_token_file: join(folder, 'token') })
  writeFileSync(join(folder, 'token'), 'token')
  const main = read(`${overlay}/output.yaml`)
  main.service.http_server = false
  main.service.health_check = false
  change(main.pipeline.outputs[0])
  writeFileSync(join(folder, 'fluent-bit.yaml'), stringify(pipeline))
  writeFileSync(join(folder, 'output.yaml'), stringify(main))
  const child = spawn('fluent-bit', [`--config=${join(folder, 'output.yaml')}`], {
    env: {
      PATH: process.env.PATH,
      VIGIA_LOGS: logs,
      KUBE_TAG_PREFIX: `kube.${logs.replace(/^\//, '').replaceAll('/', '.')}.`,
      FLUENT_BIT_STATE: folder,
      LOGS_PASSWORD: 'none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  return {
    output: () => output,
    stop: async () => {
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      await ended
      await podApi.stop()
    },
  }
}
