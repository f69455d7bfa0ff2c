/**
 * `loreweave leave` and `remove`: leaves the federation, and removes the device from this computer.
 */
import { existsSync, realpathSync, rmdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { cachedFiles, defaultCacheFolder } from '../engine/model/cache.ts'
import { homeFiles } from '../home/files.ts'
import { isHome } from '../home/home.ts'
import { heldBy, lockHolder, takeLock } from '../home/lock.ts'
import { timerSleep } from '../http/sleep.ts'
import type { LeftReport } from '../owner/operations.ts'
import { askHome, holderOf } from './ask.ts'
import { confirm } from './confirm.ts'
import { type CommonOptions, folderOf, withHome } from './context.ts'
import type { Io } from './io.ts'
import { uninstallService } from './service.ts'
import { droppedText } from './setup.ts'

export const leaveCommand = (io: Io): Command =>
  withHome(new Command('leave'))
    .description('withdraw consent and forget the federation server; everything local stays')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => {
        const left = await call('leave')
        io.print(options, left, leaveText(left))
      }),
    )

/** Says what cannot be undone. */
const leaveText = (left: LeftReport): string =>
  [
    left.server === null
      ? 'this device was in no federation; consent is withdrawn'
      : `left ${left.server}: nothing more is sent to it`,
    ...droppedText(left.dropped),
    ...(left.accepted > 0
      ? [
          `Cannot be undone: ${left.accepted} updates were accepted. What they changed in a ` +
            'release stays in it, and in the releases after it.',
        ]
      : []),
    ...(left.server === null
      ? []
      : [
          left.isTold
            ? "The server has deleted this device's key, its times of contact and its unfinished part."
            : "The server did not answer: it keeps this device's public key and the time of its " +
              'last contact. Ask its operator to erase the device.',
        ]),
    'Kept here: choices, profile, the release in use and the private adapter. To join again: ' +
      'loreweave enroll',
  ].join('\n')

type RemoveOptions = CommonOptions & {
  yes?: boolean
  model?: boolean
  keepModel?: boolean
  cache?: string
}

export const removeCommand = (io: Io): Command =>
  withHome(new Command('remove'))
    .description('remove everything of this device: service, home, and with --model the models')
    .option('--yes', 'do not ask')
    .option('--model', 'also remove the models in the cache, and nothing else there')
    .option('--keep-model', 'keep the models (default)')
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
    .addHelpText(
      'after',
      '\nRemoves only files made by loreweave, and lists them before it asks.\n\nExample:\n  ' +
        'loreweave remove --model',
    )
    .action(async (options: RemoveOptions) => {
      if (options.model && options.keepModel)
        throw new FedError('E_USAGE', '--model and --keep-model exclude each other')
      const home = homeToRemove(folderOf(io, options))
      const cache = resolve(options.cache ?? defaultCacheFolder(io.env))
      const models = options.model ? cachedFiles(cache) : []
      const owner = lockHolder(home)
      // If it is the service, uninstalling ends it.
      if (owner && owner.command !== 'agent') throw heldBy(home, owner, END_IT)
      const { own, others } = homeFiles(home)
      const erased = [...(others.length > 0 ? own : [home]), ...models].join('\n  ')
      if (!options.yes)
        await confirm(io, `This erases, with everything learned:\n  ${erased}`, 'remove')
      const done = uninstallService()
      const lock = await takeLock(home, holderOf(io, null), END_MS, timerSleep, END_IT)
      // Windows does not remove open files.
      lock.release()
      done.push(...removeHome(home))
      for (const path of models) {
        rmSync(path, { recursive: true, force: true })
        done.push(`removed ${path}`)
      }
      done.push(
        'This does not undo requests to Claude, or what a federation has made of accepted updates.',
      )
      io.print(options, { done }, done.join('\n'))
    })

/** Wait for a service that was just stopped. */
const END_MS = 3000
const END_IT = 'stop it and run this again'

/**
 * Fails with E_HOME if there is none, and with E_USAGE if its files lie among those of the user's
 * own home.
 */
const homeToRemove = (path: string): string => {
  if (!isHome(path) || !existsSync(join(path, 'device-key.json')))
    throw new FedError('E_HOME', `${path} is not a loreweave home: nothing was removed`)
  const home = realpathSync(path)
  const user = realpathSync(homedir())
  const isAbove = user === home || user.startsWith(`${home}/`)
  if (isAbove || dirname(home) === home)
    throw new FedError('E_USAGE', `${home} contains more than loreweave: remove its files yourself`)
  return home
}

/** Removes loreweave's own files, and the folder itself if nothing else is in it. */
const removeHome = (home: string): string[] => {
  const { own, others } = homeFiles(home)
  for (const path of own) rmSync(path, { recursive: true, force: true })
  if (others.length > 0)
    return [
      `removed ${own.length} files of ${home}`,
      `kept ${home}, since these are not loreweave's: ${others.join(', ')}`,
    ]
  rmdirSync(home)
  return [`removed ${home}`]
}
