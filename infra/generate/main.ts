import { root } from '../repository.ts'
import { generators } from './generators.ts'
import { outdated, write } from './write.ts'

const options = process.argv.slice(2)
if (options.length > 1 || (options.length === 1 && options[0] !== '--check')) {
  process.stderr.write(`npm run generate takes "-- --check" or nothing, not "${options.join(' ')}"\n`)
  process.exitCode = 1
} else if (options.length === 1) {
  const paths = await outdated(generators, root)
  for (const path of paths) process.stderr.write(`${path} is out of date; run npm run generate\n`)
  process.exitCode = paths.length > 0 ? 1 : 0
} else {
  const paths = await write(generators, root)
  process.stdout.write(paths.length > 0 ? paths.map(path => `  ${path}\n`).join('') : 'Nothing was out of date.\n')
}
