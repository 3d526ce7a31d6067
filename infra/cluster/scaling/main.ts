import { readFileSync, writeFileSync } from 'node:fs'
import { plot } from './plot.ts'
import { quoted, report } from './report.ts'
import { play } from './scenario.ts'

// Says what the simulation finds, and brings the picture and the README up to date.
const here = (name: string) => new URL(name, import.meta.url)
const played = play()
const found = report(played)
process.stdout.write(found)
writeFileSync(here('scaling.svg'), plot(played))
writeFileSync(here('README.md'), quoted(readFileSync(here('README.md'), 'utf8'), found))
