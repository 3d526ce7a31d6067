import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { packageVersion } from './package-version.ts'
import { validatorsCompiledAhead } from './validators.ts'

const root = join(import.meta.dirname, '../..')

export interface Bundle {
  /** An expression: a function of CommonJS' five names. */
  code: string
  /** Source map, JSON. */
  map: string
  /** Our own files that went into it, relative to the repository. What comes from node_modules is held by the lock file. */
  inputs: string[]
}

/** What drivers ask for if it happens to be installed. It is not. */
const optional = [
  'pg-native',
  '@mongodb-js/zstd',
  'aws4',
  'gcp-metadata',
  'kerberos',
  'mongodb-client-encryption',
  'snappy',
  'socks',
  'bufferutil',
  'utf-8-validate',
]

/**
 * A function as one script. CommonJS, because it starts faster: importing node:http as an ES module evaluates all it exports,
 * undici among them (30 ms), and a script can be loaded with V8's code cache. What is imported with `await import()` is in the
 * file too, but runs only when the import does.
 */
export const bundle = async (entry: string, name: string): Promise<Bundle> => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: `${name}.cjs`,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    banner: { js: '(function(exports,require,module,__filename,__dirname){' },
    footer: { js: '})' },
    // Names stay: stack traces can be read, and nothing has to give functions their names back while the process starts.
    minifyWhitespace: true,
    minifySyntax: true,
    charset: 'ascii',
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"', BUILT_VERSION: JSON.stringify(packageVersion()) },
    // An import() that stays one would go through the ES module loader, which the script has not.
    supported: { 'dynamic-import': false },
    external: optional,
    plugins: [validatorsCompiledAhead, eventsWithoutTypebox, bodiesReadBefore, fewMediaTypes, noDomains, newUrls],
    logLevel: 'silent',
    logOverride: { 'empty-import-meta': 'error' },
  })
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))!.text
  return {
    code: text('.cjs'),
    map: text('.cjs.map'),
    inputs: Object.keys(metafile.inputs).filter(input => !input.includes('node_modules/') && !input.includes(':')),
  }
}

/**
 * At run time a schema is only its validator, which was compiled ahead; so the library that makes schemas stays out, and what it
 * makes is empty. Only events may use it.
 */
const eventsWithoutTypebox: Plugin = {
  name: 'events-without-typebox',
  setup: build => {
    build.onResolve({ filter: /^typebox($|\/)/ }, ({ importer }) => {
      const file = relative(root, importer)
      if (!file.startsWith('events/'))
        return { errors: [{ text: `${file} imports typebox, which is not in the bundles: say it in events/` }] }
      return { path: 'typebox', namespace: 'typebox' }
    })
    build.onLoad({ filter: /.*/, namespace: 'typebox' }, () => ({
      contents: 'module.exports = new Proxy({}, { get: () => () => ({}) })',
      loader: 'js',
    }))
  },
}

/**
 * The framework parses bodies with body-parser, which leaves alone a request that has been read. Our host reads every request first, so
 * none of it ever runs: half of the framework's bytes and a quarter of its loading time, encodings of Asia mostly.
 */
const bodiesReadBefore: Plugin = {
  name: 'bodies-read-before',
  setup: build => {
    build.onResolve({ filter: /^body-parser$/ }, () => ({ path: 'body-parser', namespace: 'body-parser' }))
    build.onLoad({ filter: /.*/, namespace: 'body-parser' }, () => ({
      contents: `const parser = () => (request, response, next) => next()
module.exports = { json: parser, raw: parser, text: parser, urlencoded: parser }`,
      loader: 'js',
    }))
  },
}

/** express carries the table of all media types, to name the type of a file from its ending. Our host names types itself. */
const fewMediaTypes: Plugin = {
  name: 'few-media-types',
  setup: build => {
    build.onResolve({ filter: /^mime-db$/ }, () => ({ path: 'mime-db', namespace: 'mime-db' }))
    build.onLoad({ filter: /.*/, namespace: 'mime-db' }, () => ({
      contents: JSON.stringify({
        'application/json': { extensions: ['json'], charset: 'UTF-8' },
        'application/octet-stream': { extensions: ['bin'] },
        'text/html': { extensions: ['html'], charset: 'UTF-8' },
        'text/plain': { extensions: ['txt'], charset: 'UTF-8' },
      }),
      loader: 'json',
    }))
  },
}

/**
 * The framework runs each request in a node:domain. Whoever loads that module turns on async hooks for the whole process, and every
 * promise and socket pays for them: a fifth of the CPU of a check. Our host steps out of the domain at once, so nothing is lost.
 */
const noDomains: Plugin = {
  name: 'no-domains',
  setup: build => {
    build.onResolve({ filter: /^domain$/ }, () => ({ path: 'domain', namespace: 'domain' }))
    build.onLoad({ filter: /.*/, namespace: 'domain' }, () => ({
      contents: 'module.exports.create = () => ({ on: () => {}, run: work => work() })',
      loader: 'js',
    }))
  },
}

/**
 * Telegraf calls Telegram with node-fetch, which reads addresses with url.parse and, on a Node of long ago, with a library on top of
 * punycode. Node warns of both; what it has today does the same.
 */
const newUrls: Plugin = {
  name: 'new-urls',
  setup: build => {
    build.onLoad({ filter: /node-fetch\/lib\/index\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source
        .replace("_interopDefault(require('whatwg-url'))", '{}')
        .replace('const parse_url = Url.parse;', 'const parse_url = text => Url.urlToHttpOptions(new URL(text));')
      if (contents.length === source.length || /Url\.parse|whatwg-url/.test(contents))
        return { errors: [{ text: 'node-fetch has changed: see newUrls in infra/delivery/bundle.ts' }] }
      return { contents, loader: 'js' }
    })
  },
}
