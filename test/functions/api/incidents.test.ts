import { beforeEach, expect, test } from 'vitest'
import { chatId, otherChat, useApi } from './support.ts'

const world = useApi()
let monitor: number
beforeEach(async () => {
  monitor = (await world.send('POST', '/monitors', { body: { url: 'https://shop.example/' } })).body.id
})

/** Adds outages of the monitor, an hour each, the newest one open. Returns their ids. */
const outages = async (count: number): Promise<number[]> => {
  const { rows } = await world.db.query<{ id: number }>(
    `insert into incident (monitor_id, opened_at, opened_cause, error, status, closed_at)
     select $1, at, 'test', 'status', 500, case when n < $2 then at + interval '1 hour' end
     from generate_series(1, $2) n cross join lateral (select '2026-11-01T00:00:00Z'::timestamptz + n * interval '2 hours') as t (at)
     order by n returning id`,
    [monitor, count],
  )
  return rows.map(({ id }) => id)
}
const page = async (query = '') => (await world.send('GET', `/incidents${query}`)).body

test('the outages are listed by pages, the newest first; one that begins meanwhile moves no page', async () => {
  const ids = await outages(5)
  const first = await page('?limit=2')
  expect(first.incidents.map(({ id }: { id: number }) => id)).toEqual([ids[4], ids[3]])
  expect(first.incidents[0]).toMatchObject({ monitorId: monitor, monitor: 'shop.example', closedAt: null, status: 500 })
  await world.db.query(`update incident set closed_at = now() where closed_at is null`)
  await outages(1)
  const second = await page(`?limit=2&cursor=${first.next}`)
  expect(second.incidents.map(({ id }: { id: number }) => id)).toEqual([ids[2], ids[1]])
  const last = await page(`?limit=2&cursor=${second.next}`)
  expect([last.incidents.length, last.next]).toEqual([1, null])
  expect((await page(`?monitor=${monitor}`)).incidents).toHaveLength(6)
  expect((await page('?monitor=999')).incidents).toEqual([])
})

test('an outage is acknowledged once, and only by its chat', async () => {
  const [id] = await outages(1)
  await world.db.query(`update monitor set told_state = 'down', told_incident_id = $2 where id = $1`, [monitor, id])
  const foreign = await world.send('POST', `/incidents/${id}/acknowledge`, { key: await world.key('write', otherChat) })
  expect(foreign.status).toBe(404)
  for (let time = 0; time < 2; time++)
    expect((await world.send('POST', `/incidents/${id}/acknowledge`)).status).toBe(204)
  const { rows } = await world.db.query('select person_name, answer from incident_answer')
  expect(rows).toEqual([{ person_name: 'API', answer: 'acknowledge' }])
  expect((await page()).incidents[0].acknowledged).toEqual({ by: 'API', at: world.time.now.toISOString() })
})

test('an outage that is over is not acknowledged', async () => {
  const [id] = await outages(2)
  const answer = await world.send('POST', `/incidents/${id}/acknowledge`)
  expect([answer.status, answer.body.detail]).toEqual([409, `The incident ${id} is over.`])
})

test('the outages of another chat are not listed', async () => {
  await outages(2)
  const { body } = await world.send('GET', '/incidents', { key: await world.key('read', otherChat) })
  expect(body).toEqual({ incidents: [], next: null })
  expect(chatId).not.toBe(otherChat)
})
