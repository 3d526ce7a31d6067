import { describe, expect, test } from 'vitest'
import { type RequestTarget, requestTarget } from '#local/http/request-target.ts'

describe('the target of a request', () => {
  const hosts = {
    functions: new Set(['telegram-webhook', 'reporter']),
    simulated: false,
  }
  test.each<[string, Record<string, string>, RequestTarget['kind']]>([
    ['the public host', { host: 'vigia.example.org' }, 'foreign'],
    ['the public host with a port', { host: 'VIGIA.example.org:443' }, 'foreign'],
    ['a proxy with the Host localhost', { host: 'localhost:8080', 'x-forwarded-for': '203.0.113.7' }, 'foreign'],
    ['a proxy with the Host of a function', { host: 'reporter.localhost', via: '1.1 proxy' }, 'foreign'],
    ['a tunnel with the Host localhost', { host: 'localhost:8080', 'cdn-loop': 'cloudflare' }, 'foreign'],
    [
      'a page of another program on this machine',
      { host: 'localhost:8080', origin: 'http://localhost:3000' },
      'foreign',
    ],
    [
      'an image in a page of another site',
      { host: 'localhost:8080', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'foreign',
    ],
    [
      'a link on a page of another site',
      { host: 'localhost:8080', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      'runtime',
    ],
    ['plain localhost', { host: 'localhost:8080' }, 'runtime'],
    ['an IPv4 address', { host: '127.0.0.1' }, 'runtime'],
    ['an IPv6 address', { host: '[::1]:8080' }, 'runtime'],
    ['a function', { host: 'reporter.localhost:8080' }, 'function'],
    ['the broker', { host: 'broker-ingress.localhost' }, 'broker'],
    ['a page of this port', { host: 'localhost', origin: 'http://localhost:8080' }, 'runtime'],
    ['sites.localhost without simulators', { host: 'sites.localhost' }, 'foreign'],
    ['no Host header', {}, 'foreign'],
    ['a Host with a path', { host: 'localhost/evil.example.org' }, 'foreign'],
    ['a Host with a user', { host: 'localhost@evil.example.org' }, 'foreign'],
    ['a Host with two names', { host: 'localhost, evil.example.org' }, 'foreign'],
  ])('%s', (_, headers, kind) => expect(requestTarget(headers, hosts).kind).toBe(kind))
})
