import { vigia } from './vigia.ts'

process.exitCode = await vigia(process.argv.slice(2), {
  env: process.env,
  print: text => process.stdout.write(`${text}\n`),
  printError: text => process.stderr.write(`vigia: ${text}\n`),
})
