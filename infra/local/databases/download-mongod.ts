/** Fetches mongod into MONGOMS_DOWNLOAD_DIR; its own process, see mongo-programs.ts. Prints progress and `path <file>`. */
import { MongoBinary } from 'mongodb-memory-server-core/lib/util/MongoBinary.js'

try {
  const path = await MongoBinary.getPath({ downloadDir: process.env.MONGOMS_DOWNLOAD_DIR ?? '' })
  process.stdout.write(`path ${path}\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
