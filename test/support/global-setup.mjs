// Bundles the programs once for a whole run; `programs.ts` says where they are.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundlePrograms, root } from './bundle.mjs'

// Below node_modules, so that the bundles find their packages.
const cache = join(root, 'node_modules', '.cache')

const SCRIPTS = [
  'contributing-device',
  'dying-server',
  'engine-parent',
  'lock-holder',
  'train-child',
].map((name) => `test/support/${name}`)

const isAlive = (pid) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** What runs that were killed have left behind. */
const removeOld = () => {
  for (const name of readdirSync(cache)) {
    const pid = /^programs-(\d+)$/.exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) rmSync(join(cache, name), { recursive: true, force: true })
  }
}

export const setup = async (project) => {
  mkdirSync(cache, { recursive: true })
  removeOld()
  const folder = join(cache, `programs-${process.pid}`)
  await bundlePrograms(folder, SCRIPTS)
  project.provide('programs', folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
