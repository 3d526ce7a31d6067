import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']

/** Paths of a PEM certificate and its key. */
export interface Certificate {
  certificate: string
  key: string
}

export type Authority = Awaited<ReturnType<typeof authority>>

/** A certificate authority with its files in `folder`, made by OpenSSL for this run. */
export const authority = async (folder: string, name: string) => {
  const paths = (of: string): Certificate => ({
    certificate: join(folder, `${of}.crt`),
    key: join(folder, `${of}.key`),
  })
  const own = paths(name)
  await run('openssl', [...options, '-subj', `/CN=${name}`, '-keyout', own.key, '-out', own.certificate])
  return {
    ...own,
    /** A server certificate for names such as `DNS:kubernetes`. */
    signed: async (of: string, names: string[]): Promise<Certificate> => {
      const made = paths(of)
      await run('openssl', [
        ...[...options, '-CA', own.certificate, '-CAkey', own.key, '-subj', `/CN=${of}`],
        ...['-addext', `subjectAltName=${names.join(',')}`, '-addext', 'basicConstraints=critical,CA:false'],
        ...['-keyout', made.key, '-out', made.certificate],
      ])
      return made
    },
  }
}
