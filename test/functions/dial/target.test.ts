import { describe, expect, test } from 'vitest'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { parseTarget } from '#functions/dial/dial.ts'

describe('the text that a person types', () => {
  const watched = (url: string, name: string, kind = 'http') => ({ ok: true, kind, url, name })
  const refused = (error: ProbeErrorCode) => ({ ok: false, error })
  test.each([
    ['example.org', watched('https://example.org/', 'example.org')],
    [' HTTP://Example.ORG:80/A?b#c ', watched('http://example.org/A?b', 'example.org/A')],
    ['example.org:8080/health', watched('https://example.org:8080/health', 'example.org:8080/health')],
    ['münchen.example', watched('https://xn--mnchen-3ya.example/', 'münchen.example')],
    ['tcp://db.example.org:5432', watched('tcp://db.example.org:5432', 'db.example.org:5432', 'tcp')],
    ['tcp://0x7f.1:80/', watched('tcp://127.0.0.1:80', '127.0.0.1:80', 'tcp')],
    ['tcp://[2001:DB8::1]:22', watched('tcp://[2001:db8::1]:22', '[2001:db8::1]:22', 'tcp')],
    ['tls://Mail.example.org', watched('tls://mail.example.org', 'mail.example.org', 'tls')],
    ['tls://mail.example.org:25', watched('tls://mail.example.org:25', 'mail.example.org:25', 'tls')],
    ['dns://münchen.example', watched('dns://xn--mnchen-3ya.example', 'münchen.example', 'dns')],
    ['ping://[2001:DB8::1]', watched('ping://[2001:db8::1]', '[2001:db8::1]', 'ping')],
    ['ping://example.org:80', refused('blocked-port')],
    ['grpc://example.org', refused('missing-port')],
    ['grpc://example.org:50051', watched('grpc://example.org:50051', 'example.org:50051', 'grpc')],
    ['grpcs://example.org', watched('grpcs://example.org', 'example.org', 'grpc')],
    ['WSS://example.org:443/live?a=b#c', watched('wss://example.org/live?a=b', 'example.org/live', 'websocket')],
    ['ws://example.org:22', refused('blocked-port')],
    ['wss://ana:secret@example.org', refused('credentials')],
    ['udp://example.org:53', refused('bad-scheme')],
    ['localhost:3000', watched('https://localhost:3000/', 'localhost:3000')],
    ['http://intranet/', watched('http://intranet/', 'intranet')],
    ['intranet', refused('bad-url')],
    ['', refused('bad-url')],
    ['http://', refused('bad-url')],
    ['two words.example', refused('bad-url')],
    ['https://exa\u202Emple.org', refused('bad-url')],
    ['https://example.org:99999', refused('bad-url')],
    [`https://example.org/${'a'.repeat(2048)}`, refused('bad-url')],
    ['ftp://example.org', refused('bad-scheme')],
    ['file:///etc/passwd', refused('bad-scheme')],
    ['javascript:alert(1)', refused('bad-scheme')],
    ['https://user:secret@example.org', refused('credentials')],
    ['user@example.org', refused('credentials')],
    ['tcp://user@example.org:22', refused('credentials')],
    ['http://example.org:25', refused('blocked-port')],
    ['https://example.org:6667', refused('blocked-port')],
    ['tcp://example.org:0', refused('blocked-port')],
    ['tcp://example.org', refused('missing-port')],
    ['tcp://example.org:80/path', refused('bad-url')],
  ])('%j is parsed', (text, expected) => {
    expect(parseTarget(text)).toEqual(expected)
  })

  test('gives a name of at most 64 characters', () => {
    const target = parseTarget(`https://example.org/${'/a'.repeat(100)}`)
    expect(target.ok && [...target.name].length).toBe(64)
  })
})
