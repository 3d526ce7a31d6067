import type { Manifest } from '#infra/cluster/render/manifest-files.ts'

/** The Pod that the controller of a workload makes from its template. Undefined for other objects. */
export const podOf = ({ kind, apiVersion, metadata, spec }: Manifest): Manifest | undefined => {
  const template = kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template
  if (!template?.spec?.containers) return undefined
  const pod = { ...template.spec }
  if (apiVersion === 'serving.knative.dev/v1') {
    for (const field of revisionFields) delete pod[field]
    pod.containers = [...pod.containers.map(asUserContainer), queueProxy]
  }
  // A StatefulSet mounts a claim for each of its volumeClaimTemplates.
  pod.volumes = [
    ...(pod.volumes ?? []),
    ...(spec.volumeClaimTemplates ?? []).map((claim: Manifest) => ({
      name: claim.metadata.name,
      persistentVolumeClaim: { claimName: `${claim.metadata.name}-${metadata.name}-0` },
    })),
  ]
  return {
    file: `pod of ${kind} ${metadata.name}`,
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: `${metadata.name}-0`, namespace: metadata.namespace! },
    spec: pod,
  }
}

/** Fields of a revision that are not fields of a pod. */
const revisionFields = [
  'containerConcurrency',
  'timeoutSeconds',
  'responseStartTimeoutSeconds',
  'idleTimeoutSeconds',
] as const

/** Knative names the container, and moves its readiness probe into queue-proxy. */
const asUserContainer = ({ readinessProbe: _, ...container }: Record<string, unknown>) => ({
  name: 'user-container',
  ...container,
})

/**
 * The container that Knative Serving 1.23 adds to each pod of a function: it requests only CPU and satisfies
 * "restricted".
 */
const queueProxy = {
  name: 'queue-proxy',
  image: 'queue',
  resources: { requests: { cpu: '25m' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
}
