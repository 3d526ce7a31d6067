import { palettePng } from '#functions/reporter/picture/png.ts'

/** A white picture of this size, as a PNG. */
export const whitePng = (width: number, height: number): Buffer =>
  palettePng({ width, height, palette: Buffer.from([255, 255, 255]), rows: Buffer.alloc((width + 1) * height) })
