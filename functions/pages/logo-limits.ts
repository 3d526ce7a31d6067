/** The limits of a logo, in bytes and in pixels of a side. */
export const logoLimits = { bytes: 1024 * 1024, pixels: 2_000 }
