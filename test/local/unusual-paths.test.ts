import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { copyCheckout, startVigia, type VigiaOptions } from '#test/support/npm-start.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { until } from '#test/support/until.ts'

/** Starts Vigia, sends /start and waits for the answer, which needs the databases, the build and the functions. */
const startAndAsk = async (options: VigiaOptions) => {
  const vigia = await startVigia(options)
  try {
    await vigia.api('/chat/api/send', { method: 'POST', body: JSON.stringify({ pane: 'main', text: '/start' }) })
    await until(
      async () => /Eu sou o Vigia|I am Vigia|Vigia/.test(JSON.stringify(await vigia.api('/chat/api/state'))),
      {
        what: 'an answer',
      },
    )
    return vigia.output()
  } finally {
    expect(await vigia.stop()).toBe(0)
  }
}

const copies = new Map<string, string>()
const checkoutCalled = (name: string, { isBuilt }: { isBuilt: boolean }) => {
  const checkout = copies.get(name) ?? join(folder(), name)
  if (!copies.has(name)) copyCheckout(checkout, { isBuilt })
  copies.set(name, checkout)
  return checkout
}

// Names with a blank, an accent, and characters that have a meaning in a URL or in a shell. The functions are built in
// the checkout with the worst name only.
test.each([
  ['Área de trabalho', { isBuilt: true }],
  [`C# 100% é? it's "$HOME" [x] \`id\``, { isBuilt: false }],
])('npm start and the generator scripts work in a checkout called %s', async (name, build) => {
  const checkout = checkoutCalled(name, build)
  const output = await startAndAsk({ checkout, dataDir: join(folder(), name, 'dados') })
  expect(output).toContain(name)
  const scripts = ['events/export.ts', 'infra/cluster/scaling/main.ts', 'infra/charts/generate.ts']
  for (const script of scripts) await promisify(execFile)(process.execPath, [join(checkout, script)], { cwd: checkout })
  const chart = 'infra/charts/vigia/values.yaml'
  expect(readFileSync(join(checkout, chart), 'utf8')).toBe(readFileSync(join(root, chart), 'utf8'))
})

test('npm start works in a checkout behind a symbolic link, with a data folder whose path is too long for a socket', async () => {
  const links = folder()
  symlinkSync(checkoutCalled('Área de trabalho', { isBuilt: true }), join(links, 'checkout'))
  symlinkSync(folder(), join(links, 'data'))
  const dataDir = join(links, 'data', ...Array.from({ length: 12 }, (_, n) => `uma pasta funda ${n}`))
  await startAndAsk({ checkout: join(links, 'checkout'), dataDir })
  expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('run')
})

test('no source uses the pathname of a URL as a file path', () => {
  const sources = ['events', 'functions', 'infra', 'test'].flatMap(part =>
    readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(ts|mjs)$/.test(name))
      .map(name => join(part, name)),
  )
  const faults = sources.filter(file =>
    /import\.meta\.url\)\.(pathname|href)/.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(faults).toEqual([])
})
