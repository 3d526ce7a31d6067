import type { Manifest } from '#infra/cluster/render/manifest-files.ts'

/** A bare Pod as the controller of a workload makes it from its template; undefined for what makes none. */
export const podOf = ({ kind, apiVersion, metadata, spec }: Manifest): Manifest | undefined => {
  const template = kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template
  if (!template?.spec?.containers) return undefined
  const pod = { ...template.spec }
  if (apiVersion === 'serving.knative.dev/v1') {
    for (const field of ofTheRevision) delete pod[field]
    pod.containers = [...pod.containers.map(asUserContainer), queueProxy]
  }
  // A StatefulSet mounts claims of its own for its templates.
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

/** What a revision has beside the fields of a pod. */
const ofTheRevision = [
  'containerConcurrency',
  'timeoutSeconds',
  'responseStartTimeoutSeconds',
  'idleTimeoutSeconds',
] as const

/** Knative names it, and moves its readiness probe into queue-proxy. */
const asUserContainer = ({ readinessProbe: _, ...container }: Record<string, unknown>) => ({
  name: 'user-container',
  ...container,
})

/** What Knative Serving 1.23 puts beside each function: requests for CPU only, and the restricted profile. */
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
