/**
 * JSON with functions of Node.js that TypeScript's library does not declare. They keep numbers as they were written.
 */
export const exactJson = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
  stringify(value: unknown): string
  rawJSON(text: string): { rawJSON: string }
  isRawJSON(value: unknown): value is { rawJSON: string }
}

/** A reviver that keeps a number as it was written when JavaScript would round it. */
export const keepNumbers = (_: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' && source !== undefined && String(value) !== source ? exactJson.rawJSON(source) : value
