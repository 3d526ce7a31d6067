import { readFileSync, writeFileSync } from 'node:fs'
import { simulateLoad } from './load.ts'
import { loadReport } from './load-report.ts'
import type { LoadRuns } from './load-run.ts'
import { plot, plotLoad } from './plot.ts'
import { insertReport, loadMarks, report } from './report.ts'
import { runScenario } from './scenario.ts'

// Runs the simulations, prints their results, and writes them to README.md, scaling.svg and load.svg. The second
// simulation is of the monitors of load.json, which `npm run test:knative -- --load` has written.
const pathOf = (name: string) => new URL(name, import.meta.url)
const runs = runScenario()
const table = report(runs)
const measured = JSON.parse(readFileSync(pathOf('load.json'), 'utf8')) as LoadRuns
const simulated = simulateLoad(measured.broker)
const loadTable = loadReport(measured, simulated)
process.stdout.write(`${table}\n${loadTable}`)
writeFileSync(pathOf('scaling.svg'), plot(runs))
writeFileSync(pathOf('load.svg'), plotLoad(measured, simulated))
const page = insertReport(readFileSync(pathOf('README.md'), 'utf8'), table)
writeFileSync(pathOf('README.md'), insertReport(page, loadTable, loadMarks))
