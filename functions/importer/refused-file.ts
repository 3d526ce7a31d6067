/**
 * Why a file is refused. `fileTooBig`: Telegram lets bots download 20 MB. `inflatesTooMuch`: a compression bomb, or
 * more text than any history has.
 */
export type RefusalReason =
  | 'fileTooBig'
  | 'unreadable'
  | 'unknownFile'
  | 'encrypted'
  | 'brokenZip'
  | 'unsafeNames'
  | 'zipInZip'
  | 'inflatesTooMuch'
  | 'tooManyRows'
  | 'hugeCell'
  | 'brokenJson'
  | 'wrongEncoding'
  | 'noSeries'
  | 'tooManySeries'

/** The file cannot be imported. The person gets the reason, and nothing of the file is stored. */
export class RefusedFile extends Error {
  override readonly name = 'RefusedFile'
  readonly reason: RefusalReason
  constructor(reason: RefusalReason) {
    super(`the file is refused: ${reason}`)
    this.reason = reason
  }
}
