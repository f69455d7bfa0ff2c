/** `loreweave serve` as a process, in a home with the tiny model and one stated preference. */
import { once } from 'node:events'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { run, start } from '../device/cli-process.ts'

export type RunningDevice = { readonly url: string; close(): Promise<void> }

/** hasLearned: whether it has choices to order answers by, so that it asks Claude for several. */
export const startDevice = async (
  claudeUrl: string,
  hasLearned: boolean,
): Promise<RunningDevice> => {
  const folder = await newFolder()
  await cp(await (hasLearned ? learnedHome() : newHome()), folder, { recursive: true })
  const child = start(folder, ['serve', '--port', '0', '--claude-url', claudeUrl])
  child.stderr.resume()
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    url: (JSON.parse(line) as { url: string }).url,
    close: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Removes the homes that devices were copied from. */
export const removeHomes = async (): Promise<void> => {
  for (const made of homes.values()) await rm(await made, { recursive: true, force: true })
  homes.clear()
}

const homes = new Map<string, Promise<string>>()

const made = (name: string, make: () => Promise<string>): Promise<string> => {
  const home = homes.get(name) ?? make()
  homes.set(name, home)
  return home
}

const newHome = () =>
  made('new', async () => {
    const folder = await newFolder()
    await loreweave(folder, ['init', '--yes', '--model', 'tiny'])
    await loreweave(folder, ['profile', 'set', 'length', 'less'])
    return folder
  })

const learnedHome = () =>
  made('learned', async () => {
    const folder = await newFolder()
    await cp(await newHome(), folder, { recursive: true })
    const log = join(folder, 'choices.jsonl')
    await writeFile(log, choices().join('\n'))
    await loreweave(folder, ['train', '--data', log])
    return folder
  })

/** A short answer over a long one, each time. */
const choices = () =>
  Array.from({ length: 80 }, (_, i) =>
    JSON.stringify({
      user: 'me',
      id: `choice-${i}`,
      messages: [{ role: 'user', content: `Question ${i}: how do tides work?` }],
      candidates: [`The moon pulls, ${i}.`, `Let me explain. ${'The moon pulls. '.repeat(20 + i)}`],
      chosen: 0,
    }),
  )

const loreweave = async (folder: string, args: string[]): Promise<void> => {
  const { code, stderr } = await run(folder, args)
  if (code !== 0) throw new Error(`loreweave ${args.join(' ')} ended with ${code}: ${stderr}`)
}

const newFolder = () => mkdtemp(join(tmpdir(), 'loreweave-clients-'))
