import type { EnvEntry, FunctionManifest } from '../manifests/manifests.ts'

/** What the runtime knows by the names that Secrets and ConfigMaps use on a cluster: DATABASE_URL, TELEGRAM_BOT_TOKEN … */
export type Variables = Readonly<Record<string, string | undefined>>

/** Variables that a manifest needs and nobody has; one line each. */
export const missingVariables = (functions: readonly FunctionManifest[], variables: Variables): string[] => {
  const missing = new Map<string, EnvEntry>()
  for (const { env } of functions)
    for (const entry of env)
      if ('key' in entry && !entry.optional && !variables[entry.key])
        missing.set(entry.key, missing.get(entry.key) ?? entry)
  return [...missing].map(([key, { file, line }]) => `${file}:${line}: ${key} is not set; see README, "Your own bot"`)
}

/** What a variable of a manifest is worth here. */
export const variableOf = (entry: EnvEntry, variables: Variables): string | undefined =>
  'value' in entry ? entry.value : variables[entry.key]

/**
 * The whole environment of a function's process, PORT excepted: what its manifest says, what Knative adds, and what a program
 * cannot do without. Nothing else of ours reaches it.
 */
export const functionEnv = (
  { name, env, sink, ceOverrides }: FunctionManifest,
  variables: Variables,
  { brokerOrigin, ours }: { brokerOrigin: string; ours: NodeJS.ProcessEnv },
): NodeJS.ProcessEnv => {
  const said = env.flatMap(entry => {
    const value = variableOf(entry, variables)
    return value === undefined || value === '' ? [] : [[entry.name, value] as const]
  })
  return {
    PATH: ours.PATH ?? '',
    TZ: 'UTC',
    // Certificates of a private authority; Node reads the file only when it first speaks TLS.
    ...(ours.NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS: ours.NODE_EXTRA_CA_CERTS } : {}),
    // Windows cannot open sockets without it.
    ...(ours.SystemRoot ? { SystemRoot: ours.SystemRoot } : {}),
    ...Object.fromEntries(said),
    // In a container the pod's address is its own; here the port would be open to the network.
    HOST: '127.0.0.1',
    K_SERVICE: name,
    K_CONFIGURATION: name,
    K_REVISION: `${name}-00001`,
    ...(sink === null ? {} : { K_SINK: brokerOrigin + sink, K_CE_OVERRIDES: ceOverrides }),
  }
}
