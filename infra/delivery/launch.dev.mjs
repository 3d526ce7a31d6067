// Entry point of the `dev` image: it runs the same programs from their sources. A function restarts when one of its
// files changes. A job is not watched, because a watched process never ends.
const { existsSync } = process.getBuiltinModule('node:fs')
const { FUNCTION_TARGET: target = '' } = process.env
const ifPresent = path => (/^[a-z-]+$/.test(target) && existsSync(`${import.meta.dirname}/${path}`) ? path : undefined)
const main = ifPresent(`../../functions/${target}/main.ts`)
const job = ifPresent(`jobs/${target}.ts`)

if (main) {
  // Replaces this process, so that the function is process 1 of its container and receives the signals.
  process.execve(process.execPath, [process.execPath, '--watch', `${import.meta.dirname}/${main}`], process.env)
} else if (job) {
  await import(`./${job}`)
} else {
  process.stderr.write(`FUNCTION_TARGET is ${JSON.stringify(target)}, which is neither a function nor a job\n`)
  process.exitCode = 1
}
