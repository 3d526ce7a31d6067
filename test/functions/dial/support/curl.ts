import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** The version of curl on this machine, or null. */
export const curlVersion = (): string | null =>
  /^curl (\S+)/.exec(spawnSync('curl', ['--version']).stdout?.toString() ?? '')?.[1] ?? null

/** Failures in the body: the head was read before, and a check looks at nothing else. */
const bodyFailures = new Set([18, 56, 61])

/** curl cannot hand the header to its own caller: that says nothing about reading it. */
const noVerdict = 43

/** The final status that curl reads; null where it fails; undefined where it gives no verdict. */
export type CurlVerdict = number | null | undefined

/** What curl says to each answer (Latin-1), sent on a connection of its own that closes afterwards. */
export const curlVerdicts = async (answers: readonly string[]): Promise<CurlVerdict[]> => {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', (request: Buffer) => {
      const index = Number(/^GET \/(\d+)/.exec(request.toString('latin1'))?.[1])
      socket.end(answers[index]!, 'latin1')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const { port } = server.address() as { port: number }
    const verdicts: CurlVerdict[] = []
    const left = answers.keys()
    const work = async () => {
      for (const index of left) verdicts[index] = await askCurl(`http://127.0.0.1:${port}/${index}`)
    }
    await Promise.all([work(), work(), work(), work()])
    return verdicts
  } finally {
    server.close()
  }
}

const askCurl = async (url: string): Promise<CurlVerdict> => {
  const format = '%{http_code} %{exitcode}'
  const curl = spawn('curl', [
    '--silent',
    '--max-time',
    '20',
    '--noproxy',
    '*',
    '--output',
    '/dev/null',
    '-w',
    format,
    url,
  ])
  let said = ''
  curl.stdout.on('data', piece => {
    said += piece
  })
  await once(curl, 'close')
  const [status = 0, exit = -1] = said.split(' ').map(Number)
  if (exit === noVerdict) return undefined
  return status >= 200 && (exit === 0 || bodyFailures.has(exit)) ? status : null
}
