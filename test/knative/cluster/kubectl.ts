import { execFile } from 'node:child_process'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { kubeconfigOf } from './layout.ts'

/**
 * Runs kubectl as the cluster's administrator and returns its output. Throws an Error with kubectl's message, or with
 * its output if there is no message.
 */
export const kubectl = (args: string[], input = ''): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(
      'kubectl',
      args,
      { env: { ...process.env, KUBECONFIG: kubeconfigOf('administrator') }, maxBuffer: 1 << 27, timeout: 600_000 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim() || stdout.trim() || error.message}`))
        else resolve(stdout)
      },
    )
    // kubectl can end before it has read all of its input.
    child.stdin!.on('error', () => {})
    child.stdin!.end(input)
  })

/** Applies objects. */
export const apply = async (objects: object[]): Promise<void> => {
  await kubectl(
    ['apply', '--server-side', '--force-conflicts', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  )
}

/** The objects of a kind, such as `pods`. Without a namespace, those of all namespaces. */
export const list = async (kind: string, namespace?: string, ...args: string[]): Promise<KubeObject[]> => {
  const scope = namespace ? ['--namespace', namespace] : ['--all-namespaces']
  return (JSON.parse(await kubectl(['get', kind, ...scope, '--output=json', ...args])) as { items: KubeObject[] }).items
}
