import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { packageVersion } from './package-version.ts'
import { validatorsCompiledAhead } from './validators.ts'

const root = join(import.meta.dirname, '../..')

export interface Bundle {
  /** An expression: a function with the five parameters of a CommonJS module. */
  code: string
  /** The source map, as JSON. */
  map: string
  /** Our own files in the bundle, by path from the root. package-lock.json covers what comes from node_modules. */
  inputs: string[]
}

/** Packages that a driver uses only if they are installed. We do not install these packages. */
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
 * Packages that a bundle loads from node_modules, because they are native code or data: the files of each that it
 * needs. The image has a copy of them (image.ts).
 */
export const unbundledPackages: Record<string, readonly string[]> = {
  // Rust; the program is in the package of the platform.
  '@resvg/resvg-js': ['index.js', 'js-binding.js'],
  'dejavu-fonts-ttf': ['ttf/DejaVuSans.ttf', 'LICENSE'],
}

/**
 * Bundles a function as one script. It is CommonJS because that starts faster: importing node:http as an ES module
 * evaluates all its exports, including undici (30 ms), and only a script can be loaded with V8's code cache. Modules
 * imported with `await import()` are in the file too, but run only at that import.
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
    // Identifiers are not minified: stack traces stay readable, and no code restores function names at the start.
    minifyWhitespace: true,
    minifySyntax: true,
    charset: 'ascii',
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    define: {
      'process.env.NODE_ENV': '"production"',
      BUILT_VERSION: JSON.stringify(packageVersion()),
      'import.meta.filename': '__filename',
    },
    // esbuild turns import() into require(), because the script has no ES module loader.
    supported: { 'dynamic-import': false },
    external: [...optional, ...Object.keys(unbundledPackages)],
    plugins: [
      validatorsCompiledAhead,
      ...(withSchemas.has(name) ? [] : [schemasWithoutTypebox]),
      ...[bodiesReadBefore, fewMediaTypes, noDomains, noLogThreads, newUrls],
    ],
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

/** Functions that check by the schemas themselves, and show them. Their bundles have typebox. */
const withSchemas = new Set(['api'])

/**
 * Replaces typebox by an empty stand-in. At run time only the validators are needed, and the build compiles them. Only
 * files of events/ and functions/checks/ may import typebox.
 */
const schemasWithoutTypebox: Plugin = {
  name: 'schemas-without-typebox',
  setup: build => {
    build.onResolve({ filter: /^typebox($|\/)/ }, ({ importer }) => {
      const file = relative(root, importer)
      if (!/^(?:events|functions\/checks)\//.test(file))
        return {
          errors: [{ text: `${file} imports typebox, which the bundles leave out; define the schema in events/` }],
        }
      return { path: 'typebox', namespace: 'typebox' }
    })
    build.onLoad({ filter: /.*/, namespace: 'typebox' }, () => ({
      contents: 'module.exports = new Proxy({}, { get: () => () => ({}) })',
      loader: 'js',
    }))
  },
}

/**
 * Replaces body-parser, which the framework uses. Our host reads every request body first, so body-parser would never
 * run. It is half of the framework's bytes and a quarter of its loading time, mostly tables of Asian encodings.
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

/** Replaces express's table of all media types by a table of four. Our host sets Content-Type itself. */
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
 * Replaces node:domain, in which the framework runs each request. Loading that module turns on async hooks for the
 * whole process, which cost a fifth of the CPU of a check. Our host leaves the domain at once, so nothing is lost.
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

/** Leaves out pino's threads for log lines. Our host writes the lines itself, and loading them takes 5 % of a start. */
const noLogThreads: Plugin = {
  name: 'no-log-threads',
  setup: build => {
    build.onLoad({ filter: /pino\/lib\/transport\.js$/ }, () => ({
      contents: `module.exports = () => { throw new Error('the bundle has no transports of pino') }`,
      loader: 'js',
    }))
  },
}

/**
 * Telegraf uses node-fetch, which parses URLs with the deprecated url.parse and loads a library that uses the
 * deprecated punycode. Node prints warnings for both, so this plugin replaces them with `new URL`, which does the same.
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
