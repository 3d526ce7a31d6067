import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { packageVersion } from './package-version.ts'

const root = join(import.meta.dirname, '../..')

/** Programs that end by themselves, in the same image as the functions. */
export const jobNames = ['dead-letters', 'migrate', 'restore', 'smoke'] as const

/**
 * Builds `<outDir>/<name>.mjs` for every job. They start once a release, so they have no code cache; and they are ES modules, for
 * `import.meta.url` tells migrations where their SQL is: beside them. Answers which of our own files went into them.
 */
export const buildJobs = async (outDir: string): Promise<string[]> => {
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: jobNames.map(name => `infra/delivery/jobs/${name}.ts`),
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)",
    },
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"', BUILT_VERSION: JSON.stringify(packageVersion()) },
    external: ['pg-native'],
    plugins: [onlySql],
    logLevel: 'silent',
  })
  return Object.keys(metafile.inputs).filter(input => !input.includes('node_modules/') && !input.includes(':'))
}

/** The migrations' library can load TypeScript, too, with a compiler of 2 MB. Ours are SQL. */
const onlySql: Plugin = {
  name: 'only-sql',
  setup: build => {
    build.onResolve({ filter: /^jiti$/ }, () => ({ path: 'jiti', namespace: 'jiti' }))
    build.onLoad({ filter: /.*/, namespace: 'jiti' }, () => ({ contents: 'export const createJiti = () => undefined' }))
  },
}
