/** A server that all test files of a run share. */
export type SharedServer = 'postgres' | 'mongodb'

const variables: Record<SharedServer, string> = {
  postgres: 'VIGIA_TEST_DATABASE_URL',
  mongodb: 'VIGIA_TEST_MONGODB_URI',
}

/**
 * The URL of a server that all test files share: the value of VIGIA_TEST_DATABASE_URL or VIGIA_TEST_MONGODB_URI, else a
 * server that global-setup.ts starts for the first file that asks for its URL. If no file needs a server, none is
 * started.
 */
export const sharedServer = async (name: SharedServer): Promise<string> => {
  const url = process.env[variables[name]]
  if (url) return url
  const servers = process.env.VIGIA_TEST_SERVERS
  if (!servers)
    throw new Error(
      `${variables[name]} is not set; set it, or run the test with "npm run vitest", which starts the servers`,
    )
  // A test may block the event loop for longer than the server keeps an idle connection, so each request uses a new
  // connection.
  const response = await fetch(`${servers}/${name}`, { headers: { connection: 'close' } })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}
