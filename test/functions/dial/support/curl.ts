import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** The version of curl on this machine, or null if there is no curl. */
export const curlVersion = (): string | null =>
  /^curl (\S+)/.exec(spawnSync('curl', ['--version']).stdout?.toString() ?? '')?.[1] ?? null

/** curl's exit codes for failures in the body. Such failures do not matter, because a check needs only the head. */
const bodyFailures = new Set([18, 56, 61])

/** curl's exit code if it cannot pass a header to its caller. The code does not show whether curl read the head. */
const noVerdict = 43

/**
 * The final status that curl reads; null if curl fails, undefined if its exit code does not show whether it read the
 * head.
 */
export type CurlVerdict = number | null | undefined

/** The verdict of curl on each response (Latin-1). The server sends each response on a new connection and closes it. */
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
    const remaining = answers.keys()
    const work = async () => {
      for (const index of remaining) verdicts[index] = await askCurl(`http://127.0.0.1:${port}/${index}`)
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
  let output = ''
  curl.stdout.on('data', piece => {
    output += piece
  })
  await once(curl, 'close')
  const [status = 0, exit = -1] = output.split(' ').map(Number)
  if (exit === noVerdict) return undefined
  return status >= 200 && (exit === 0 || bodyFailures.has(exit)) ? status : null
}
