// The entry point of the image. It runs the program that FUNCTION_TARGET names. It is plain JavaScript without imports,
// because every cold start runs it.
const { existsSync, readdirSync } = process.getBuiltinModule('node:fs')
const { FUNCTION_TARGET: target = '', VIGIA_VERSION: version, VIGIA_REVISION: revision } = process.env
const folders = ['functions', 'jobs'].map(folder => `${import.meta.dirname}/${folder}`)
const file = /^[a-z-]+$/.test(target) && folders.map(folder => `${folder}/${target}.mjs`).find(existsSync)

// The line has the schema of functions/host/log-line.ts, so that a search for errors finds it.
const fatal = (message, fields) => {
  const line = {
    'log.level': 'fatal',
    '@timestamp': new Date().toISOString(),
    'service.name': target || 'vigia',
    'service.version': version || 'unreleased',
    'vigia.revision': version ? revision || 'unreleased' : undefined,
    ...fields,
    message,
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  process.exitCode = 1
}

const fatalError = thrown => {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { name, message, code, stack } = error
  fatal(message, {
    'error.type': name,
    'error.code': code === undefined ? undefined : String(code),
    'error.message': message,
    'error.stack_trace': stack,
  })
}

if (file) {
  try {
    await import(file)
  } catch (error) {
    // After its start, the program logs its own failures.
    if (process.listenerCount('uncaughtException') > 0) throw error
    fatalError(error)
  }
} else {
  const programs = folders.flatMap(folder => readdirSync(folder).filter(name => name.endsWith('.mjs')))
  const names = programs.map(name => name.slice(0, -'.mjs'.length)).join(', ')
  const fault = target === '' ? 'is not set' : `is ${JSON.stringify(target)}, which is not a program of this image`
  fatal(`FUNCTION_TARGET ${fault}; set it to one of ${names}`)
}
