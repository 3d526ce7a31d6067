import { createRequire } from 'node:module'

/** What functions-framework needs of a domain. */
const noDomain = { on: () => noDomain, run: (work: () => void) => work() }

// functions-framework runs each function in a domain of the deprecated module node:domain. The module makes every event
// emitter, callback and promise of the process slower, together by a third of a small request, and a domain would
// catch errors of connections that outlive the request. An entry in the cache of `require` takes precedence over a
// built-in module (documentation of `require.cache`).
createRequire(process.execPath).cache.domain = { exports: { create: () => noDomain }, loaded: true } as NodeJS.Module
