/**
 * `loreweave adapter`: exports LoRA adapters to PEFT and llama.cpp, and imports them from there and
 * from mlx-lm.
 */
import { Command, Option } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import type { LoraFeed } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import {
  ADAPTER_FORMATS,
  type AdapterFormat,
  otherBaseNote,
  readAdapterFile,
  writeAdapterFile,
} from '../reward/adapter-files.ts'
import { askHome, askLong } from './ask.ts'
import { type ModelOptions, openModelOf, withModel } from './context.ts'
import type { Io } from './io.ts'

type Which = 'private' | 'shared'
type ExportOptions = ModelOptions & { format: AdapterFormat; out: string; which?: Which }

export const adapterCommand = (io: Io): Command => {
  const command = new Command('adapter').description(
    'export LoRA adapters to PEFT and llama.cpp, and import them from there and from mlx-lm',
  )
  withModel(command.command('export'))
    .description('write an adapter of this device as a PEFT folder or a GGUF file')
    .addOption(
      new Option('--format <format>', 'peft: a folder; gguf: a file')
        .choices(ADAPTER_FORMATS)
        .makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'folder or file to create; nothing is overwritten')
    .addOption(
      new Option(
        '--which <which>',
        "private: this device's own; shared: the release's (default: private if there is one)",
      ).choices(['private', 'shared']),
    )
    .addHelpText(
      'after',
      '\nThe private adapter was learned from your choices and may reveal them. If there is ' +
        'a shared one, it is applied on\ntop of it: other programs need both.\n\nExamples:\n  ' +
        'loreweave adapter export --format peft --out adapter\n  loreweave adapter export ' +
        '--format gguf --which shared --out shared.gguf',
    )
    .action((options: ExportOptions) => exportAdapter(io, options))
  withModel(command.command('import'))
    .description("use an adapter for this model as this device's private one")
    .argument('<path>', 'a folder of PEFT or mlx-lm, a file in it, or a GGUF file')
    .addHelpText(
      'after',
      '\nIt replaces the present private adapter, is applied on top of the served release, ' +
        'and never leaves the\ndevice in a round. The head is refitted under it. Layers from ' +
        'the exit layer on\nare kept, but ordering answers does not run them.\n\nExample:\n  ' +
        'loreweave adapter import my-adapter.gguf',
    )
    .action((path: string, options: ModelOptions) => importAdapter(io, path, options))
  return command
}

const exportAdapter = async (io: Io, options: ExportOptions): Promise<void> => {
  // The command writes the files: a service may not have access to the caller's folders.
  const model = await openModelOf(io, options)
  const query = options.which === undefined ? {} : { which: options.which }
  const { which, weights, spec, numbers } = await askHome(io, options, ({ call }) =>
    call('getAdapter', { query }),
  )
  if (weights !== model.base.weights) throw otherModel(model)
  const feed = { spec, flat: numbers }
  const files = writeAdapterFile(options.out, options.format, model, feed)
  io.print(
    options,
    { which, ...feed.spec, files },
    `wrote the ${which} adapter, ${described(feed)}: ${files.join(', ')}`,
  )
}

const importAdapter = async (io: Io, path: string, options: ModelOptions): Promise<void> => {
  const model = await openModelOf(io, options)
  const { format, madeFor, ...feed } = readAdapterFile(path, model)
  const body = {
    which: 'private' as const,
    weights: model.base.weights,
    spec: { ...feed.spec, modules: [...feed.spec.modules] },
    numbers: feed.flat,
  }
  const { choices } = await askLong(io, options, ({ call, signal }) =>
    call('putAdapter', { body, onProgress: io.progress, signal }),
  )
  io.print(
    options,
    { format, ...(madeFor && { madeFor }), ...feed.spec, choices: choices ?? 0 },
    [
      `private adapter: ${described(feed)}` +
        (choices === null ? '' : `; head fitted to ${choices} choices`),
      otherBaseNote(madeFor, model),
    ]
      .filter((line) => line !== null)
      .join('\n'),
  )
}

const otherModel = ({ base }: LocalModel): FedError =>
  new FedError(
    'E_BASE_MODEL',
    `the adapter is for another model than the one that is set (${base.name}): restart the ` +
      'agent and run this again',
  )

const described = ({ spec }: LoraFeed): string =>
  `rank ${spec.rank}, alpha ${spec.alpha}, layers ${spec.firstLayer} to ` +
  `${spec.endLayer - 1}, ${spec.modules.join(' ')}`
