/**
 * A small cache for pure functions of text: an app sends the same instructions with every request.
 */

/** of: pure. Caches the newest `size` results. */
export const remembered = <T>(of: (text: string) => T, size = 16): ((text: string) => T) => {
  const known = new Map<string, { readonly found: T }>()
  return (text) => {
    const kept = known.get(text)
    if (kept) return kept.found
    const found = of(text)
    known.set(text, { found })
    for (const oldest of known.keys()) if (known.size > size) known.delete(oldest)
    return found
  }
}
