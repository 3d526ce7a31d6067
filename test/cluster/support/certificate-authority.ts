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
export const certificateAuthority = async (folder: string, name: string) => {
  const paths = (of: string): CertificateFiles => ({
    certificate: join(folder, `${of}.crt`),
    key: join(folder, `${of}.key`),
  })
  const own = paths(name)
  await run('openssl', [...options, '-subj', `/CN=${name}`, '-keyout', own.key, '-out', own.certificate])
  return {
    ...own,
    /** Makes a server certificate for names such as `DNS:kubernetes`. */
    signed: async (of: string, names: string[]): Promise<CertificateFiles> => {
      const files = paths(of)
      await run('openssl', [
        ...[...options, '-CA', own.certificate, '-CAkey', own.key, '-subj', `/CN=${of}`],
        ...['-addext', `subjectAltName=${names.join(',')}`, '-addext', 'basicConstraints=critical,CA:false'],
        ...['-keyout', files.key, '-out', files.certificate],
      ])
      return files
    },
  }
}
