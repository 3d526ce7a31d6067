import type { EnvEntry, FunctionManifest } from '../manifests/manifests.ts'

/** The values that Secrets and ConfigMaps hold on a cluster, by their keys: DATABASE_URL, TELEGRAM_BOT_TOKEN … */
export type Variables = Readonly<Record<string, string | undefined>>

/** One line for each variable that a manifest requires and that has no value. */
export const missingVariables = (functions: readonly FunctionManifest[], variables: Variables): string[] => {
  const missing = new Map<string, EnvEntry>()
  for (const { env } of functions)
    for (const entry of env)
      if ('key' in entry && !entry.optional && !variables[entry.key])
        missing.set(entry.key, missing.get(entry.key) ?? entry)
  return [...missing].map(([key, { file, line }]) => `${file}:${line}: ${key} is not set; see README, "Your own bot"`)
}

/** The value that a variable of a manifest has on this machine. */
export const variableOf = (entry: EnvEntry, variables: Variables): string | undefined =>
  'value' in entry ? entry.value : variables[entry.key]

/**
 * The environment of a function's process, without PORT: the variables of its manifest, those that Knative adds, and
 * those that every program needs. `revision` is the commit of the checkout. No other variable of the runtime's
 * environment (`runtimeEnv`) reaches the function.
 */
export const functionEnv = (
  { name, env, sink, ceOverrides }: FunctionManifest,
  variables: Variables,
  {
    brokerOrigin,
    runtimeEnv,
    revision,
  }: { brokerOrigin: string; runtimeEnv: NodeJS.ProcessEnv; revision?: string | undefined },
): NodeJS.ProcessEnv => {
  const declared = env.flatMap(entry => {
    const value = variableOf(entry, variables)
    return value === undefined || value === '' ? [] : [[entry.name, value] as const]
  })
  return {
    PATH: runtimeEnv.PATH ?? '',
    TZ: 'UTC',
    // A file with certificates of a private authority. Node.js reads it only when it opens the first TLS connection.
    ...(runtimeEnv.NODE_EXTRA_CA_CERTS ? { NODE_EXTRA_CA_CERTS: runtimeEnv.NODE_EXTRA_CA_CERTS } : {}),
    // Windows cannot open sockets without SystemRoot.
    ...(runtimeEnv.SystemRoot ? { SystemRoot: runtimeEnv.SystemRoot } : {}),
    ...Object.fromEntries(declared),
    // On a cluster a pod has an address of its own. If HOST were not set on this machine, the network could reach the
    // port.
    HOST: '127.0.0.1',
    K_SERVICE: name,
    K_CONFIGURATION: name,
    K_REVISION: `${name}-00001`,
    // The image has it on a cluster.
    ...(revision === undefined ? {} : { VIGIA_REVISION: revision }),
    ...(sink === null ? {} : { K_SINK: brokerOrigin + sink, K_CE_OVERRIDES: ceOverrides }),
  }
}
