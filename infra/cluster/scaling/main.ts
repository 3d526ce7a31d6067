import { readFileSync, writeFileSync } from 'node:fs'
import { plot } from './plot.ts'
import { insertReport, report } from './report.ts'
import { runScenario } from './scenario.ts'

// Runs the simulation, prints its results, and writes them to scaling.svg and README.md.
const pathOf = (name: string) => new URL(name, import.meta.url)
const runs = runScenario()
const table = report(runs)
process.stdout.write(table)
writeFileSync(pathOf('scaling.svg'), plot(runs))
writeFileSync(pathOf('README.md'), insertReport(readFileSync(pathOf('README.md'), 'utf8'), table))
