import type { FunctionManifest } from '#local/manifests/manifests.ts'

/** The manifest of a function with the usual values, some of them replaced. */
export const functionManifest = (changes: Partial<FunctionManifest> & { name: string }): FunctionManifest => ({
  file: `knative/services/${changes.name}.yaml`,
  line: 1,
  target: changes.name,
  visibility: 'cluster-local',
  public: null,
  env: [],
  sink: null,
  ceOverrides: '',
  containerConcurrency: 10,
  softConcurrency: 100,
  minScale: 0,
  maxScale: 0,
  activationScale: 1,
  idleMs: 60_000,
  timeoutMs: 10_000,
  startTimeoutMs: 20_000,
  readinessPath: '/healthz',
  ...changes,
})
