/** For the tests of `launch`: runs a command with it, but builds no parts of a cluster except Debian's programs. */
import { debianPrograms } from './debian.ts'
import { launch } from './launch.ts'

process.exitCode = await launch(process.argv.slice(2), async () => ({
  programs: { kubernetes: '', eventing: '', serving: '' },
  debian: await debianPrograms(),
  images: [],
  knative: [],
  crds: [],
  keda: [],
}))
