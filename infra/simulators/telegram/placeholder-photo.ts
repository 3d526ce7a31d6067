/** An SVG in place of a photo that the simulator does not download: its colours come from the photo's URL (`seed`). */
export const placeholderPhoto = (seed: string, title: string): string => {
  let hash = 7
  for (const char of seed) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 100_003
  // The hash is multiplied, because URLs often differ in only one digit and their pictures should still look different.
  const hue = (hash * 137) % 360
  const moonX = 60 + (hash % 90)
  const moonY = 62 + (hash % 30)
  const lines = wrapped(
    title
      .replace(/^[^\p{L}\p{N}]+/u, '')
      .replace(/\s+/g, ' ')
      .trim(),
    15,
  ).slice(0, 4)
  const text = lines
    .map((line, index) => `<tspan x="105" dy="${index === 0 ? 0 : 24}">${escaped(line)}</tspan>`)
    .join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 210 295" width="210" height="295">
<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
<stop offset="0" stop-color="hsl(${hue} 48% 20%)"/><stop offset="1" stop-color="hsl(${(hue + 45) % 360} 62% 52%)"/></linearGradient></defs>
<rect width="210" height="295" fill="url(#sky)"/>
<circle cx="${moonX}" cy="${moonY}" r="31" fill="hsl(${(hue + 60) % 360} 70% 86%)"/>
<path d="M0 208 Q50 ${180 + (hash % 20)} 105 206 T210 198 V295 H0Z" fill="hsl(${(hue + 200) % 360} 32% 18%)"/>
<path d="M0 236 Q70 ${212 + (hash % 16)} 130 236 T210 228 V295 H0Z" fill="hsl(${(hue + 200) % 360} 36% 12%)"/>
<text x="105" y="${280 - (lines.length - 1) * 24 - 14}" fill="#fff" font-family="system-ui,sans-serif" font-size="21" font-weight="700" text-anchor="middle">${text}</text>
</svg>`
}

const wrapped = (text: string, width: number): string[] => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word.length > width ? `${word.slice(0, width - 1)}…` : word)
  }
  return lines
}

const escaped = (text: string) =>
  text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`).replace(/[^\P{C}\n]/gu, '')
