import { describe, expect, test } from 'vitest'
import { type RequestTarget, requestTarget } from '#local/http/request-target.ts'

describe('strangers', () => {
  const hosts = {
    functions: new Set(['telegram-webhook', 'reporter']),
    simulated: false,
  }
  test.each<[string, Record<string, string>, RequestTarget['kind']]>([
    ['the public host', { host: 'vigia.example.org' }, 'foreign'],
    ['the public host with a port', { host: 'VIGIA.example.org:443' }, 'foreign'],
    ['what a proxy sends on under our name', { host: 'localhost:8080', 'x-forwarded-for': '203.0.113.7' }, 'foreign'],
    ['… under that of a function', { host: 'reporter.localhost', via: '1.1 proxy' }, 'foreign'],
    ['… through a tunnel', { host: 'localhost:8080', 'cdn-loop': 'cloudflare' }, 'foreign'],
    ['a page of another program here', { host: 'localhost:8080', origin: 'http://localhost:3000' }, 'foreign'],
    [
      'an image in a page of another site',
      { host: 'localhost:8080', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'foreign',
    ],
    [
      'a link that somebody follows',
      { host: 'localhost:8080', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      'runtime',
    ],
    ['plain localhost', { host: 'localhost:8080' }, 'runtime'],
    ['an address', { host: '127.0.0.1' }, 'runtime'],
    ['an address of version 6', { host: '[::1]:8080' }, 'runtime'],
    ['a function', { host: 'reporter.localhost:8080' }, 'function'],
    ['the broker', { host: 'broker-ingress.localhost' }, 'broker'],
    ['a page of ours', { host: 'localhost', origin: 'http://localhost:8080' }, 'runtime'],
    ['the sites, when there are none', { host: 'sites.localhost' }, 'foreign'],
    ['no host', {}, 'foreign'],
    ['a host with a path in it', { host: 'localhost/evil.example.org' }, 'foreign'],
    ['a host with a user', { host: 'localhost@evil.example.org' }, 'foreign'],
    ['two names', { host: 'localhost, evil.example.org' }, 'foreign'],
  ])('%s', (_, headers, kind) => expect(requestTarget(headers, hosts).kind).toBe(kind))
})
