/**
 * The configuration of a home in the process that owns it. It is changed in one place, and
 * listeners are called.
 */
import { type Home, openHome, saveClaudeKey, saveConfig, saveDeviceKey } from './home.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Listener = (now: Home, before: Home) => void

export type LiveHome = {
  now(): Home
  /** Writes config.json atomically. Fails with E_HOME if it is not valid. */
  change(change: (config: Home['config']) => Home['config'], claudeKey?: string): void
  /** Writes device-key.json atomically. Fails with E_HOME. */
  changeKey(change: (key: Home['key']) => Home['key']): void
  /** Reads manual edits of config.json. Fails with E_HOME. */
  reread(): void
  /** Calls the listener after each change, until the returned function is called. */
  onChange(listener: Listener): () => void
}

export const openLiveHome = (first: Home, env: Environment): LiveHome => {
  let home = first
  const listeners = new Set<Listener>()
  const reread = () => {
    const before = home
    home = openHome(first.folder, env)
    if (JSON.stringify(home) === JSON.stringify(before)) return
    for (const listener of [...listeners]) listener(home, before)
  }
  return {
    now: () => home,
    change(change, claudeKey) {
      // Manual edits made meanwhile stay.
      saveConfig(first.folder, change(openHome(first.folder, env).config))
      if (claudeKey !== undefined) saveClaudeKey(first.folder, claudeKey)
      reread()
    },
    changeKey(change) {
      saveDeviceKey(first.folder, change(openHome(first.folder, env).key))
      reread()
    },
    reread,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
