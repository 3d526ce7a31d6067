import { dataFolderOf } from '../database.ts'

/** What the doctor checks, from the environment that Vigia itself is started with. */
export interface Installation {
  /** `cluster` in a pod (K_SINK is set), else `machine`. */
  place: 'machine' | 'cluster'
  /** The data folder of `npm start`; null on a cluster. */
  dataDir: string | null
  /** The environment. An empty variable is the same as a missing one. */
  env: Record<string, string | undefined>
}

/** The installation that the environment describes. */
export const installationOf = async (env: NodeJS.ProcessEnv): Promise<Installation> => {
  const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value?.trim() || undefined]))
  return given.K_SINK
    ? { place: 'cluster', dataDir: null, env: given }
    : { place: 'machine', dataDir: await dataFolderOf(given), env: given }
}
