import { observe } from './observe.ts'

const controller = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort())
process.exitCode = await observe({
  env: process.env,
  print: line => process.stdout.write(`${line}\n`),
  signal: controller.signal,
})
