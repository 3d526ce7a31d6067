import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const options = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']

/** The paths of a PEM certificate and its key. */
export interface CertificateFiles {
  certificate: string
  key: string
}

export type CertificateAuthority = Awaited<ReturnType<typeof certificateAuthority>>

/** Makes a certificate authority with OpenSSL. Its files are in `folder`. */
export const certificateAuthority = async (folder: string, authorityName: string) => {
  const pathsFor = (name: string): CertificateFiles => ({
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  })
  const own = pathsFor(authorityName)
  await run('openssl', [...options, '-subj', `/CN=${authorityName}`, '-keyout', own.key, '-out', own.certificate])
  return {
    ...own,
    /** Makes a server certificate for hosts such as `DNS:kubernetes`. Its files are `<name>.crt` and `<name>.key`. */
    signed: async (name: string, hosts: string[]): Promise<CertificateFiles> => {
      const files = pathsFor(name)
      await run('openssl', [
        ...[...options, '-CA', own.certificate, '-CAkey', own.key, '-subj', `/CN=${name}`],
        ...['-addext', `subjectAltName=${hosts.join(',')}`, '-addext', 'basicConstraints=critical,CA:false'],
        ...['-keyout', files.key, '-out', files.certificate],
      ])
      return files
    },
  }
}
