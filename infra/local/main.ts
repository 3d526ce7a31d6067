import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Node.js reuses the compiled code of the last start, which makes the start much faster. The call must come before
// every other import.
enableCompileCache(join(import.meta.dirname, '../../.build/compile-cache'))
const { start } = await import('./start.ts')
await start(process.argv.slice(2), process.env)
