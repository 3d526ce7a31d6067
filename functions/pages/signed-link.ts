import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a signature is good for: `link` opens a page once more in a browser, `visit` is the cookie of that browser. */
export type SignatureKind = 'link' | 'visit'

/** How long the two are valid. The link is short, because it can end up in the history or in the log of a proxy. */
export const signatureMs: Readonly<Record<SignatureKind, number>> = { link: 10 * 60_000, visit: 12 * 3_600_000 }

/** The page that is signed for, with the key that only PostgreSQL has. */
export interface SignedPage {
  id: number
  memberKey: Buffer
}

const macOf = ({ id, memberKey }: SignedPage, kind: SignatureKind, until: string): Buffer =>
  createHmac('sha256', memberKey).update(`${kind} page/${id} ${until}`).digest()

/**
 * A signature that lets a member of the chat see the page: `page_<end>_<HMAC-SHA256>`. The end is the second since 1970
 * until which it is valid, in base 36. redact.ts knows this form.
 */
export const signatureFor = (page: SignedPage, kind: SignatureKind, now: Date): string => {
  const until = Math.floor((now.getTime() + signatureMs[kind]) / 1000).toString(36)
  return `page_${until}_${macOf(page, kind, until).toString('base64url')}`
}

/** Whether the text is a signature of this kind for this page that is still valid. */
export const isSignatureFor = (page: SignedPage, kind: SignatureKind, text: string, now: Date): boolean => {
  const [, until, mac] = /^page_([0-9a-z]{6,8})_([\w-]{43})$/.exec(text) ?? []
  if (until === undefined || mac === undefined || Number.parseInt(until, 36) * 1000 <= now.getTime()) return false
  return timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(page, kind, until))
}
