/** A server that all test files of a run share. */
export type SharedServer = 'postgres' | 'mongodb'

const given: Record<SharedServer, string> = {
  postgres: 'VIGIA_TEST_DATABASE_URL',
  mongodb: 'VIGIA_TEST_MONGODB_URI',
}

/**
 * The address of a server that all test files share: the one that VIGIA_TEST_DATABASE_URL or VIGIA_TEST_MONGODB_URI names,
 * else one that the run starts for the first file that asks. A run of files that need none starts none.
 */
export const sharedServer = async (name: SharedServer): Promise<string> => {
  const url = process.env[given[name]]
  if (url) return url
  const servers = process.env.VIGIA_TEST_SERVERS
  if (!servers) throw new Error(`${given[name]} is not set: run through vitest, whose global setup starts servers`)
  const response = await fetch(`${servers}/${name}`)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}
