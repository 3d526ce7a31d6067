import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { packageVersion } from './package-version.ts'

const root = join(import.meta.dirname, '../..')

/** Programs in the image that end by themselves. Functions do not end by themselves. */
export const jobNames = ['dead-letters', 'doctor', 'migrate', 'restore', 'smoke', 'vigia-yaml'] as const

/**
 * Builds `<outDir>/<name>.mjs` for every job. Jobs start rarely, so they have no code cache. They are ES modules,
 * because the migrations find their SQL beside them with `import.meta.url`. Returns the paths of our own files that the
 * jobs contain.
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

/** Leaves out the 2 MB compiler with which node-pg-migrate loads TypeScript migrations, because ours are SQL. */
const onlySql: Plugin = {
  name: 'only-sql',
  setup: build => {
    build.onResolve({ filter: /^jiti$/ }, () => ({ path: 'jiti', namespace: 'jiti' }))
    build.onLoad({ filter: /.*/, namespace: 'jiti' }, () => ({ contents: 'export const createJiti = () => undefined' }))
  },
}
