import { mongo } from '#database/mongo.ts'
import { failed, ok, type Result, skipped, warning } from './finding.ts'
import type { Installation } from './installation.ts'

const why = 'The bot finds no series and announces no episodes without the catalogue. Monitors work.'

/** The server of the catalogue. `isPersistent`: the catalogue survives a restart. */
export interface Catalogue {
  uri: string
  isPersistent: boolean
}

/** Whether MongoDB answers, how many series its catalogue has, and whether the catalogue survives a restart. */
export const catalogueCheck = async (
  { place, dataDir, env }: Installation,
  server: Catalogue | null,
  timeoutMs: number,
): Promise<Result> => {
  if (server === null)
    return place === 'cluster'
      ? failed('MONGODB_URI is not set', why, 'kubectl -n vigia get secret vigia-mongodb')
      : skipped('Vigia has started no MongoDB on this data folder')
  const client = mongo(server.uri)
  try {
    const shows = await (await client.collection('show')).countDocuments({}, { timeoutMS: timeoutMs })
    const found = `the catalogue has ${shows} series`
    return server.isPersistent
      ? ok(found)
      : warning(
          `${found} and is in memory`,
          'After each start, Vigia fetches the followed series from TVmaze again.',
          'npm start -- --download-mongod',
        )
  } catch (error) {
    const found = `MongoDB does not answer: ${(error as Error).message.split('\n')[0]}`
    if (place === 'cluster') return failed(found, why, 'kubectl -n vigia get pods')
    return env.MONGODB_URI === undefined
      ? failed(found, why, `tail -n 20 ${dataDir}/mongodb/server.log`)
      : failed(found, why, 'compare MONGODB_URI with the address and the password of the server')
  } finally {
    await client.end()
  }
}
