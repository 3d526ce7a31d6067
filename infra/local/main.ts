import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// What Node made of our files last time; the second start is a good deal faster for it. Before any other import of ours.
enableCompileCache(join(import.meta.dirname, '../../.build/compile-cache'))
const { start } = await import('./start.ts')
await start(process.argv.slice(2), process.env)
