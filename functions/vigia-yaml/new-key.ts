const maxKeyLength = 64

/** A key for a monitor with this name: `Loja (produção)` is `loja-producao`. Adds it to `taken`, which it is not in. */
export const newKey = (name: string, taken: Set<string>): string => {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const words = plain.replace(/^https?:\/\//, '').replace(/[^a-z0-9._]+/g, '-')
  const base = words.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '').slice(0, maxKeyLength - 4) || 'monitor'
  for (let number = 1; ; number++) {
    const key = number === 1 ? base : `${base}-${number}`
    if (taken.has(key)) continue
    taken.add(key)
    return key
  }
}
