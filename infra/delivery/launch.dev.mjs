// Entry point of the `dev` image: the same programs from their sources. A function starts anew when one of its files changes; a job
// ends when it is done, which a watched process never does.
const { existsSync } = process.getBuiltinModule('node:fs')
const { FUNCTION_TARGET: target = '' } = process.env
const at = path => (/^[a-z-]+$/.test(target) && existsSync(`${import.meta.dirname}/${path}`) ? path : undefined)
const main = at(`../../functions/${target}/main.ts`)
const job = at(`jobs/${target}.ts`)

if (main) {
  // In place of this process, so that it is the first of its container and gets the signals.
  process.execve(process.execPath, [process.execPath, '--watch', `${import.meta.dirname}/${main}`], process.env)
} else if (job) {
  await import(`./${job}`)
} else {
  process.stderr.write(`FUNCTION_TARGET is ${JSON.stringify(target)}, and no folder of functions/ has that name\n`)
  process.exitCode = 1
}
