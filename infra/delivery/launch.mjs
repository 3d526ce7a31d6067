// The entry point of the image. It runs the program that FUNCTION_TARGET names. It is plain JavaScript without imports,
// because every cold start runs it.
const { existsSync, readdirSync } = process.getBuiltinModule('node:fs')
const { FUNCTION_TARGET: target = '' } = process.env
const folders = ['functions', 'jobs'].map(folder => `${import.meta.dirname}/${folder}`)
const file = /^[a-z-]+$/.test(target) && folders.map(folder => `${folder}/${target}.mjs`).find(existsSync)

const fatal = message => {
  const time = new Date().toISOString()
  process.stdout.write(`${JSON.stringify({ level: 'fatal', time, function: target || 'vigia', message })}\n`)
  process.exitCode = 1
}

if (file) {
  try {
    await import(file)
  } catch (error) {
    // After its start, the program logs its own failures.
    if (process.listenerCount('uncaughtException') > 0) throw error
    fatal(error?.stack ?? String(error))
  }
} else {
  const programs = folders.flatMap(folder => readdirSync(folder).filter(name => name.endsWith('.mjs')))
  const names = programs.map(name => name.slice(0, -'.mjs'.length)).join(', ')
  const fault = target === '' ? 'is not set' : `is ${JSON.stringify(target)}, which is not a program of this image`
  fatal(`FUNCTION_TARGET ${fault}; set it to one of ${names}`)
}
