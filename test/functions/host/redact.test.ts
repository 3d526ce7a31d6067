import { expect, test } from 'vitest'
import { redact } from '#functions/host/redact.ts'

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
