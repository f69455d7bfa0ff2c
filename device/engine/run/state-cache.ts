/** Hidden states by text key, bounded in bytes; the least recently used go first. */

export type StateCache = {
  get(key: string): Float32Array | undefined
  set(key: string, states: Float32Array): void
}

export const stateCache = (maxBytes: number): StateCache => {
  const held = new Map<string, Float32Array>()
  let bytes = 0
  return {
    get(key) {
      const states = held.get(key)
      if (!states) return undefined
      held.delete(key)
      held.set(key, states)
      return states
    },
    set(key, states) {
      bytes += states.byteLength - (held.get(key)?.byteLength ?? 0)
      held.delete(key)
      held.set(key, states)
      for (const [oldest, { byteLength }] of held) {
        if (bytes <= maxBytes) break
        held.delete(oldest)
        bytes -= byteLength
      }
    },
  }
}
