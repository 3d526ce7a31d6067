/** What the doctor checks, from the environment that Vigia itself is started with. */
export interface Installation {
  place: 'machine' | 'cluster'
  /** The data folder of `npm start`; null on a cluster. */
  dataDir: string | null
  /** The environment. An empty variable is the same as a missing one. */
  env: Record<string, string | undefined>
}

export const withoutEmpty = (env: NodeJS.ProcessEnv): Installation['env'] =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value?.trim() || undefined]))
