import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import Type, { type Static } from 'typebox'
import type { Attempt } from '#functions/dial/dial-attempt.ts'
import { DialError } from '#functions/dial/dial-error.ts'
import { serviceOf } from '#functions/dial/target.ts'
import type { RunAttempt } from './check-type.ts'
import { slowMs, withWarnings } from './common.ts'

/** The settings of a monitor of the kind `dns`. Without settings, the name must have an IPv4 address. */
export const DnsSettings = Type.Object(
  {
    type: Type.Optional(
      Type.Union([
        Type.Literal('A'),
        Type.Literal('AAAA'),
        Type.Literal('CAA'),
        Type.Literal('CNAME'),
        Type.Literal('MX'),
        Type.Literal('NS'),
        Type.Literal('PTR'),
        Type.Literal('SOA'),
        Type.Literal('SRV'),
        Type.Literal('TXT'),
      ]),
    ),
    /**
     * Values that the answer must have; it may have others too. They are written as `dig +short` writes them, without
     * quotation marks: `203.0.113.7`, `10 mail.example.org`.
     */
    expected: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 500 }), { minItems: 1, maxItems: 20 })),
    /** The name server to ask: `9.9.9.9`, `[2620:fe::fe]:53`. By default, those of the machine. */
    server: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
    slowMs,
  },
  { additionalProperties: false },
)
export type DnsSettings = Static<typeof DnsSettings>
type RecordType = NonNullable<DnsSettings['type']>

/** A query is repeated after this time, because a datagram may be lost. */
const repeatMs = 2_000
const tries = 3

/**
 * Asks a name server for the records of a name. The check passes if there is a record of the type, and if the expected
 * values are among the records.
 */
export const checkDns: RunAttempt = async (dialler, check, attemptIndex) => {
  const wanted = (check.settings ?? {}) as DnsSettings
  const { type = 'A' } = wanted
  const options = { timeoutMs: check.timeoutMs, attemptIndex }
  const dialled = await dialler.attempt(options, async ({ attempt }) => {
    const parsed = serviceOf(check.url, 'dns')
    if (!parsed.ok) throw new DialError(parsed.error)
    const server = wanted.server === undefined ? null : parsedServer(wanted.server)
    if (server !== null && !dialler.mayDial(server.address)) throw new DialError('private-address')
    const found = await ask(parsed.service.host, type, server, attempt)
    // The name servers of this machine may know the addresses of its network, which are not for every user.
    const isOpen = server !== null || (type !== 'A' && type !== 'AAAA') || found.every(dialler.mayDial)
    if (!isOpen) throw new DialError('private-address')
    const values = new Set(found.map(normal))
    if (wanted.expected?.every(value => values.has(normal(value))) ?? true) return
    attempt.detail = found.join(', ')
    throw new DialError('dns-answer')
  })
  return withWarnings(dialled, check, wanted)
}

/** Reads `9.9.9.9`, `9.9.9.9:53`, `2620:fe::fe` or `[2620:fe::fe]:53`. Null for anything else. */
export const parsedServer = (text: string): { address: string; server: string } | null => {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:]+|[^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(text) ?? []
  const address = bracketed ?? plain ?? ''
  const family = isIP(address)
  if (family === 0 || Number(port ?? 53) > 65_535 || Number(port ?? 53) === 0) return null
  return { address, server: `${family === 6 ? `[${address}]` : address}:${port ?? 53}` }
}

/** Asks for records and returns them as text. A refusal or an empty answer has the error `dns`. */
const ask = async (
  name: string,
  type: RecordType,
  server: { address: string; server: string } | null,
  attempt: Attempt,
): Promise<string[]> => {
  const resolver = new Resolver({ timeout: repeatMs, tries })
  if (server !== null) {
    resolver.setServers([server.server])
    attempt.address = server.address
  }
  const started = performance.now()
  try {
    const records = await attempt.waitFor<string[]>((resolve, reject) => {
      query(resolver, name, type).then(resolve, ({ code }) => {
        attempt.noSuchName = code === 'ENOTFOUND' || code === 'ENODATA'
        // Every other code means that there was no answer.
        attempt.contact = attempt.noSuchName || answerCodes.has(code)
        reject(new DialError(code === 'ETIMEOUT' ? 'timeout' : code === 'ECONNREFUSED' ? 'refused' : 'dns'))
      })
    })
    attempt.contact = true
    return records
  } finally {
    attempt.addPhaseTime('dnsMs', started)
    resolver.cancel()
  }
}

/** The codes of c-ares for answers that are errors. */
const answerCodes = new Set(['ESERVFAIL', 'EREFUSED', 'EFORMERR', 'ENOTIMP', 'EBADRESP'])

const query = async (resolver: Resolver, name: string, type: RecordType): Promise<string[]> => {
  switch (type) {
    case 'A':
      return resolver.resolve4(name)
    case 'AAAA':
      return resolver.resolve6(name)
    case 'CAA':
      return (await resolver.resolveCaa(name)).map(({ critical, ...record }) => {
        const [tag = '', value = ''] = Object.entries(record).find(([key]) => key !== 'type') ?? []
        return `${critical} ${tag} ${value}`
      })
    case 'CNAME':
      return resolver.resolveCname(name)
    case 'MX':
      return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`)
    case 'NS':
      return resolver.resolveNs(name)
    case 'PTR':
      return resolver.resolvePtr(name)
    case 'SOA': {
      const { nsname, hostmaster, serial, refresh, retry, expire, minttl } = await resolver.resolveSoa(name)
      return [[nsname, hostmaster, serial, refresh, retry, expire, minttl].join(' ')]
    }
    case 'SRV':
      return (await resolver.resolveSrv(name)).map(
        ({ priority, weight, port, name: target }) => `${priority} ${weight} ${port} ${target}`,
      )
    case 'TXT':
      return (await resolver.resolveTxt(name)).map(parts => parts.join(''))
  }
}

/** The form in which values are compared: without case, final dots of names, and notations of IPv6. */
const normal = (value: string): string =>
  isIP(value) === 6
    ? ipaddr.parse(value).toString()
    : value
        .trim()
        .toLowerCase()
        .replace(/\s+/g, ' ')
        .replace(/\.(?=$|\s)/g, '')
