/** The configuration of a home in the process that owns it: changed in one place, and everybody who works by it is told. */
import { type Home, openHome, saveClaudeKey, saveConfig } from './home.ts'

type Environment = Readonly<Record<string, string | undefined>>
type Listener = (now: Home, before: Home) => void

export type LiveHome = {
  now(): Home
  /** Written to config.json, whole or not at all. Fails with E_HOME where that is not valid. */
  change(change: (config: Home['config']) => Home['config'], claudeKey?: string): void
  /** What a hand has written into config.json. Fails with E_HOME. */
  reread(): void
  /** Called after each change; ends with what is returned. */
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
      // What a hand has written meanwhile stays.
      saveConfig(first.folder, change(openHome(first.folder, env).config))
      if (claudeKey !== undefined) saveClaudeKey(first.folder, claudeKey)
      reread()
    },
    reread,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
