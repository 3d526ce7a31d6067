import { createHash } from 'node:crypto'
import type { LogoFile } from '#database/pages/logo-files.ts'
import type { PageAddress } from '#database/pages/page-reading.ts'
import type { HttpRequest, HttpResponse } from '#functions/host/function-definition.ts'

/** Reads the logo with this hash of the page at an address; null if there is none. */
export type ReadLogo = (address: PageAddress, hash: string) => Promise<LogoFile | null>

const types = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' }

/**
 * The response with a logo; null if the page has no logo with this hash and type. Another logo has another URL, so a
 * browser may keep the response for a year.
 */
export const logoResponse = async (
  { headers }: Pick<HttpRequest, 'headers'>,
  { address, hash, type }: { address: PageAddress; hash: string; type: LogoFile['type'] },
  read: ReadLogo,
): Promise<HttpResponse | null> => {
  const logo = await read(address, hash)
  if (logo === null || logo.type !== type) return null
  const isPublic = logo.access === 'public'
  const etag = `"${createHash('sha256').update(logo.bytes).digest('base64url').slice(0, 22)}"`
  const common = {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': `${isPublic ? 'public' : 'private'}, max-age=31536000, immutable`,
    ...(!isPublic && { 'x-robots-tag': 'noindex' }),
    etag,
  }
  if ((headers['if-none-match'] ?? '').includes(etag)) return { status: 304, headers: common }
  return { status: 200, headers: { ...common, 'content-type': types[logo.type] }, body: logo.bytes }
}
