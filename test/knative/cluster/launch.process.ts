/** Runs the command of its arguments in the namespaces of a cluster without parts, for the tests of the launcher. */
import { debianPrograms } from './debian.ts'
import { launch } from './launch.ts'

process.exitCode = await launch(process.argv.slice(2), async () => ({
  programs: { kubernetes: '', eventing: '', serving: '' },
  debian: await debianPrograms(),
  images: [],
  knative: [],
  crds: [],
}))
