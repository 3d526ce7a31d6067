import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ReportRequested } from '#events/report-requested.ts'
import { inBinaryMode } from '#functions/host/publish.ts'
import { buildImage } from '#infra/delivery/image.ts'
import { variablesOf } from '#infra/delivery/warm-up.ts'
import { freePort } from '#infra/net/free-port.ts'
import { freshDatabase } from '#test/support/database.ts'
import { startServer } from '#test/support/http.ts'
import { sampleEvent } from '#test/support/sample-events.ts'
import { until } from '#test/support/until.ts'

// The image is outside the checkout, so a package of the checkout that the image lacks is not found.
test('the reporter of the image draws the picture of a report with the native library and the font of the image', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-image-report-'))
  const database = await freshDatabase()
  const broker = await startServer((_, response) => void response.writeHead(202).end())
  const port = await freePort()
  await buildImage(join(folder, 'vigia'))
  const child = spawn(process.execPath, [join(folder, 'vigia/launch.mjs')], {
    cwd: '/',
    env: {
      ...variablesOf('reporter'),
      FUNCTION_TARGET: 'reporter',
      PORT: String(port),
      DATABASE_URL: database.url,
      K_SINK: broker.url,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  try {
    await database.db.query('insert into chat (id) values (7)')
    await database.db.query(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms) values (7, 'loja', 'http', 'https://loja.example.org/', 60, 1000)`,
    )
    const url = `http://127.0.0.1:${port}/`
    await until(
      () =>
        fetch(`${url}healthz`).then(
          ({ status }) => status === 200,
          () => false,
        ),
      {
        what: 'the function to start',
        timeoutMs: 60_000,
      },
    )
    const { headers, body } = inBinaryMode({ ...sampleEvent(ReportRequested), source: '/functions/reporter' })
    const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })
    expect(response.status).toBe(204)
    const { rows } = await database.db.query<{ picture: Buffer | null }>('select picture from report')
    expect(rows[0]?.picture?.subarray(1, 4).toString()).toBe('PNG')
  } finally {
    child.kill('SIGTERM')
    await once(child, 'close')
    await broker.stop()
    await database.end()
    await rm(folder, { recursive: true })
  }
})
