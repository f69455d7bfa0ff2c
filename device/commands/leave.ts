/** `loreweave leave` and `remove`: out of the federation, and off this computer. */
import { existsSync, realpathSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { type Dropped, withdrawConsent } from '../agent/consent.ts'
import { isHome, saveConfig } from '../agent/home.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { heldBy, lockHolder } from '../home/lock.ts'
import { type CommonOptions, folderOf, withHome, withStore } from './context.ts'
import type { Io } from './io.ts'
import { uninstallService } from './service.ts'
import { droppedText } from './setup.ts'

export const leaveCommand = (io: Io): Command =>
  withHome(new Command('leave'))
    .description('withdraw consent and forget the federation server; everything local stays')
    .action((options: CommonOptions) => {
      const left = withStore(io, options, (store, home) => {
        const { server } = home.config
        const dropped = withdrawConsent(store)
        saveConfig(home.folder, { ...home.config, server: null, enrolledAt: null })
        const accepted = store.uploads().filter(({ state }) => state === 'accepted').length
        return { server, dropped, accepted }
      })
      io.print(options, left, leaveText(left))
    })

/** What cannot be undone, plainly. */
const leaveText = (left: { server: string | null; dropped: Dropped; accepted: number }): string =>
  [
    left.server === null
      ? 'this device was in no federation; consent is withdrawn'
      : `left ${left.server}: nothing more is sent to it`,
    ...droppedText(left.dropped),
    ...(left.accepted > 0
      ? [
          `Cannot be undone: ${left.accepted} updates were taken. What they changed in a release stays in it, and in the releases after it.`,
        ]
      : []),
    ...(left.server === null
      ? []
      : [
          "The server keeps this device's public key and when it was seen last: it has no way yet to be told. Ask its operator.",
        ]),
    'Kept here: choices, profile, the release in use and the private adapter. To join again: loreweave enroll',
  ].join('\n')

type RemoveOptions = CommonOptions & {
  yes?: boolean
  model?: boolean
  keepModel?: boolean
  cache?: string
}

export const removeCommand = (io: Io): Command =>
  withHome(new Command('remove'))
    .description('remove everything of this device: service, home, and the models if you say so')
    .option('--yes', 'do not ask')
    .option('--model', 'remove the model cache as well')
    .option('--keep-model', 'keep the model cache (default)')
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
    .addHelpText('after', '\nExample:\n  loreweave remove --model')
    .action(async (options: RemoveOptions) => {
      if (options.model && options.keepModel)
        throw new FedError('E_USAGE', '--model and --keep-model exclude each other')
      const home = ownFolder(folderOf(io, options), 'device-key.json')
      const cache = options.model
        ? ownFolder(options.cache ?? defaultCacheFolder(io.env), null)
        : null
      if (!options.yes) await confirm(io, [home, ...(cache === null ? [] : [cache])])
      const done = uninstallService()
      const owner = lockHolder(home)
      if (owner) throw heldBy(home, owner, 'end it, and run this again')
      for (const folder of [home, ...(cache === null ? [] : [cache])]) {
        rmSync(folder, { recursive: true, force: true })
        done.push(`removed ${folder}`)
      }
      done.push(
        'Not undone by this: what Claude was asked, and what a federation has made of updates that it took.',
      )
      io.print(options, { done }, done.join('\n'))
    })

/** A folder that may be removed whole: never one that holds more than it should. mark: a file that must be there. */
const ownFolder = (path: string, mark: string | null): string => {
  if (mark !== null && (!isHome(path) || !existsSync(join(path, mark))))
    throw new FedError('E_HOME', `${path} is not a home of loreweave: nothing was removed`)
  const folder = existsSync(path) ? realpathSync(path) : path
  const user = realpathSync(homedir())
  const isAbove = user === folder || user.startsWith(`${folder}/`)
  if (isAbove || dirname(folder) === folder)
    throw new FedError('E_USAGE', `${folder} holds more than loreweave: remove its files yourself`)
  return folder
}

/** Fails with E_USAGE where nobody can be asked, and with E_CANCELLED where the answer is not "remove". */
const confirm = async (io: Io, folders: readonly string[]): Promise<void> => {
  if (!io.canAsk)
    throw new FedError('E_USAGE', 'removing asks first: add --yes where nobody can answer')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question(
    `This erases ${folders.join(' and ')}, with everything learned. Type "remove" to go on: `,
  )
  lines.close()
  if (answer.trim() !== 'remove') throw new FedError('E_CANCELLED', 'nothing was removed')
}
