import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '#infra/repository.ts'
import { Unavailable } from '#test/cluster/support/api-server-programs.ts'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { goTools } from '#test/cluster/support/go-tools.ts'
import { goImage } from '../images/images.ts'
import { writeImages } from '../images/oci-layout.ts'
import { rabbitmqImage } from '../images/rabbitmq.ts'
import { fitToTwoCores, objectsOf } from './knative.ts'
import { apply, kubectl } from './kubectl.ts'
import { inCluster } from './layout.ts'
import type { Parts } from './parts.ts'

/** Whether this run has KEDA. Compiling KEDA takes up to 17 CPU minutes, so a run must ask for it. */
export const wantsKeda: boolean = process.env.VIGIA_KNATIVE_KEDA === '1'

const goModule = join(root, 'test/cluster/queue-scaling')

/** The YAML files of KEDA. Its admission webhooks are left out. */
const files = [
  'config/crd/bases/*.yaml',
  'config/general/namespace.yaml',
  'config/service_account/service_account.yaml',
  'config/rbac/{role,role_binding,aggregate_cluster_roles}.yaml',
  'config/manager/{manager,service}.yaml',
  'config/metrics-server/{role,role_binding,deployment,service,api_service}.yaml',
]

/** Each program of the Go module, by the image that has it. */
const programs = {
  'dev.local/keda-operator:test': 'operator',
  'dev.local/keda-metrics-apiserver:test': 'adapter',
  'dev.local/queue-dispatcher:test': 'dispatcher',
  'dev.local/queue-ingress:test': 'ingress',
}

/**
 * Compiles KEDA, makes the images, and reads KEDA's objects. Throws `Unavailable` when Go cannot compile KEDA or apt
 * cannot download packages.
 */
export const queueScalingParts = async (): Promise<{ images: string[]; keda: KubeObject[] }> => {
  const tools = await goTools(goModule)
  if ('reason' in tools) throw new Unavailable(`Go cannot compile KEDA: ${tools.reason}`)
  const images = [
    await rabbitmqImage(),
    ...(await Promise.all(
      Object.entries(programs).map(([image, program]) => goImage(image, join(tools.folder, program))),
    )),
  ]
  const archives = []
  for (const image of images) archives.push(await writeImages([image]))
  const objects = await objectsOf('github.com/kedacore/keda/v2', files, goModule)
  return { images: archives, keda: objects.map(adapt) }
}

/** Changes the images, the requested CPU and the probes; everything else stays as released. */
const adapt = (object: KubeObject): KubeObject => {
  fitToTwoCores(object)
  if (object.kind === 'Deployment')
    for (const container of object.spec.template.spec.containers) {
      container.image = `dev.local/${object.metadata.name}:test`
      container.imagePullPolicy = 'IfNotPresent'
      // The only program of the image has another name than in KEDA's image.
      container.command = undefined
      container.readinessProbe.initialDelaySeconds = 1
      // KEDA's image has a user with this number.
      container.securityContext.runAsUser = 65532
    }
  return object
}

/** Installs KEDA, and waits until its operator and its metrics server answer. */
export const installKeda = async (): Promise<void> => {
  const { keda: objects } = JSON.parse(await readFile(inCluster('parts.json'), 'utf8')) as Parts
  const isFirst = ({ kind }: KubeObject) => ['Namespace', 'CustomResourceDefinition'].includes(kind)
  await apply(objects.filter(isFirst))
  await apply(objects.filter(object => !isFirst(object)))
  await kubectl([...['wait', 'deployment', '--all', '--namespace=keda', '--for=condition=Available', '--timeout=240s']])
  await kubectl([
    ...['wait', 'apiservice', 'v1beta1.external.metrics.k8s.io', '--for=condition=Available', '--timeout=120s'],
  ])
}
