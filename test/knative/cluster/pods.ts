import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { kubectl, list } from './kubectl.ts'

/** The pods of a function that are not being deleted. */
export const podsOf = async (name: string): Promise<KubeObject[]> =>
  (await list('pods', 'vigia', `--selector=serving.knative.dev/service=${name}`)).filter(
    ({ metadata }) => !metadata.deletionTimestamp,
  )

/** The lines that the pods of a function have logged. The logs of pods that are gone are not among them. */
export const logsOf = async (name: string): Promise<string[]> => {
  const text = await kubectl([
    ...['logs', '--namespace=vigia', `--selector=serving.knative.dev/service=${name}`],
    ...['--container=user-container', '--tail=-1', '--prefix=false'],
  ])
  return text.split('\n').filter(line => line !== '')
}

/** Deletes the pods of all functions and waits until they are gone, and with them their connections. */
export const replacePods = async (): Promise<void> => {
  await kubectl(['delete', 'pod', '--namespace=vigia', '--selector=serving.knative.dev/service'])
}
