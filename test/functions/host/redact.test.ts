import { expect, test } from 'vitest'
import { redact } from '#functions/host/redact.ts'

test.each([
  '{"url.path":"/ping/5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278/start"}',
  '{"url.path":"/ping/fqOOd6-F4MMNuCEnzTU01w/db-backup"}',
  '{"url.path":"//ping//5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278/"}',
  '{"url.path":"/ping/5bf66975%2Dd4c7%2D4bf5%2Dbcc8%2Db8d8a82ea278/"}',
])('the ping %s is logged without its token', text => {
  expect(redact(text, [])).not.toMatch(/5bf66975|fqOOd6/)
  expect(redact(text, [])).toMatch(/\/ping\/+\[redacted\]\//)
})

test.each([
  '{"url.path":"/status/p/Zk3vJ0Qm9xT4bW8nL2cR6yHd/feed.rss"}',
  '{"url.path":"//status//p//Zk3vJ0Qm9xT4bW8nL2cR6yHd/42/"}',
  'https://vigia.example.org/status/p/Zk3vJ0Qm9xT4bW8nL2cR6yHd/',
  'https://vigia.example.org/status/c/Zk3vJ0Qm9xT4bW8nL2cR6yHdZk3vJ0Qm/episodes.ics',
])('the page or calendar %s is logged without its secret', text => {
  expect(redact(text, [])).toMatch(/\/[pc]\/+\[redacted\]\//)
  expect(redact(text, [])).not.toContain('Zk3v')
})

test.each([
  '{"url.full":"https://vigia.example.org/status/m/7?signature=page_tbq0x1_Zk3vJ0Qm9xT4bW8nL2cR6yHdAbCdEfGhIjKlMnOpQrS"}',
  'cookie: vigia-page=page_tbq0x1_Zk3vJ0Qm9xT4bW8nL2cR6yHdAbCdEfGhIjKlMnOpQrS; a=b',
  'location: /?signature=page_tbq0x1_Zk3vJ0Qm9xT4bW8nL2cR6yHdAbCdEfGhIjKlMnOpQrS',
])('the link %s is logged without its signature', text => {
  expect(redact(text, [])).toContain('=[redacted]')
  expect(redact(text, [])).not.toContain('Zk3v')
})

test.each([
  'https://ana:hunter2@example.org/a',
  'https://hunter2@example.org',
  'tcp://ana:hunter2%40@db.example:5432',
  'GET https://example.org/a?x=1&access_token=hunter2&y=2 failed',
  '{"url":"https://example.org/?apikey=hunter2"}',
  'https://example.org/?X-Amz-Signature=hunter2#there',
  'http://example.org/login?user=ana&password=hunter2',
  'curl -H "Authorization: Bearer hunter2hunter2hunter2="',
])('%s is logged without its secret', text => {
  expect(redact(text, [])).not.toContain('hunter2')
  expect(redact(text, [])).toContain('[redacted]')
})

test.each(['https://example.org/@ana?page=2', 'monitor/42@2026-11-21T12:00:00Z', 'http://[::1]:8080/?tick=1'])(
  '%s is logged as it is',
  text => expect(redact(text, [])).toBe(text),
)
