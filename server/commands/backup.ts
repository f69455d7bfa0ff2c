/** `backup` and `restore` of a data folder. What is in PostgreSQL and S3 is backed up with their own tools. */
import { Command } from 'commander'
import { namedObjects } from '../rounds/chores.ts'
import { backUp, type Copied, restore } from '../store/backup.ts'
import type { CommandDeps } from './command.ts'

type Options = { readonly data: string; readonly json?: boolean }

export const backupCommand = (deps: CommandDeps): Command =>
  dataCommand(deps, 'backup', 'copy a data folder into one file, also while its server runs')
    .argument('<file>', 'a new file')
    .addHelpText('after', '\nExamples:\n  loreweave-server backup --data ./data monday.backup')
    .action(async (file: string, o: Options) => {
      printCopied(deps, o, file, await backUp(o.data, file, namedObjects))
    })

export const restoreCommand = (deps: CommandDeps): Command =>
  dataCommand(deps, 'restore', 'make a data folder of a backup')
    .argument('<file>', 'a file that `backup` made')
    .addHelpText('after', '\nExamples:\n  loreweave-server restore --data ./new-data monday.backup')
    .action(async (file: string, o: Options) => {
      printCopied(deps, o, o.data, await restore(file, o.data))
    })

const dataCommand = (deps: CommandDeps, name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .addOption(deps.dataOption())
    .option('--json', 'print JSON')

const printCopied = (
  deps: CommandDeps,
  { json }: Options,
  to: string,
  { objects, bytes }: Copied,
): void =>
  deps.out(
    json
      ? `${JSON.stringify({ to, objects, bytes })}\n`
      : `${to}: the store and ${objects} objects of ${bytes} bytes\n`,
  )
