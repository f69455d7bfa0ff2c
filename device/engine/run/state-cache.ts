/** Numbers by text, kept in memory up to some bytes (the least recently used go first) and perhaps in a folder behind it. */
import type { StateFolder, StateKey } from './state-folder.ts'

export type StateCache = {
  /** length: how many numbers are expected; others are not taken. */
  get(key: StateKey, length: number): Float32Array | undefined
  /** Waits only while much is still being written to the folder. */
  set(key: StateKey, states: Float32Array): Promise<void>
  /** This cache, writing to the folder too; itself where there is none. */
  readonly lasting: StateCache
  /** Other generations are left behind: the folder drops them. */
  begin(generations: readonly string[]): Promise<void>
  /** Resolves once everything is written. */
  flush(): Promise<void>
}

export const stateCache = (maxBytes: number, folder?: StateFolder): StateCache => {
  const memory = memoryCache(maxBytes)
  const get: StateCache['get'] = (key, length) => {
    const name = `${key.generation} ${key.text}`
    const held = memory.get(name)
    if (held) return held
    const read = folder?.read(key, length)
    if (read) memory.set(name, read)
    return read
  }
  const rest = {
    get,
    begin: async (generations: readonly string[]) => folder?.begin(generations),
    flush: async () => folder?.flush(),
  }
  const set = (key: StateKey, states: Float32Array) =>
    memory.set(`${key.generation} ${key.text}`, states)
  const lasting: StateCache = {
    ...rest,
    get lasting() {
      return lasting
    },
    set: async (key, states) => {
      set(key, states)
      await folder?.write(key, states)
    },
  }
  return { ...rest, lasting, set: async (key, states) => set(key, states) }
}

const memoryCache = (maxBytes: number) => {
  const held = new Map<string, Float32Array>()
  let bytes = 0
  return {
    get(name: string): Float32Array | undefined {
      const states = held.get(name)
      if (!states) return undefined
      held.delete(name)
      held.set(name, states)
      return states
    },
    set(name: string, states: Float32Array): void {
      bytes += states.byteLength - (held.get(name)?.byteLength ?? 0)
      held.delete(name)
      held.set(name, states)
      for (const [oldest, { byteLength }] of held) {
        if (bytes <= maxBytes) break
        held.delete(oldest)
        bytes -= byteLength
      }
    },
  }
}
