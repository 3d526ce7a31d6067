// The image's entry point: becomes the program that FUNCTION_TARGET names. Every cold start passes here, so it is plain JavaScript
// that loads nothing else.
const { existsSync, readdirSync } = process.getBuiltinModule('node:fs')
const { FUNCTION_TARGET: target = '' } = process.env
const folders = ['functions', 'jobs'].map(folder => `${import.meta.dirname}/${folder}`)
const file = /^[a-z-]+$/.test(target) && folders.map(folder => `${folder}/${target}.mjs`).find(existsSync)

if (file) {
  await import(file)
} else {
  const programs = folders.flatMap(folder => readdirSync(folder).filter(name => name.endsWith('.mjs')))
  const names = programs.map(name => name.slice(0, -'.mjs'.length)).join(', ')
  const fault = target === '' ? 'is not set' : `is ${JSON.stringify(target)}, which this image has not`
  process.stderr.write(`FUNCTION_TARGET ${fault}: it names the program to start, one of ${names}\n`)
  process.exitCode = 1
}
