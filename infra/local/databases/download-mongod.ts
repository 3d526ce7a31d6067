/**
 * Downloads mongod into MONGOMS_DOWNLOAD_DIR. Runs as a process of its own, see mongo-programs.ts. Prints its progress
 * and at the end `path <file>`; an error goes to stderr.
 */
import { MongoBinary } from 'mongodb-memory-server-core/lib/util/MongoBinary.js'

try {
  const path = await MongoBinary.getPath({ downloadDir: process.env.MONGOMS_DOWNLOAD_DIR ?? '' })
  process.stdout.write(`path ${path}\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
