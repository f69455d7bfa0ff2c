/** `loreweave adapter`: LoRA adapters out to PEFT and llama.cpp, and in from them and mlx-lm. */
import { Command, Option } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import {
  ADAPTER_FORMATS,
  type AdapterFormat,
  otherBaseNote,
  readAdapterFile,
  writeAdapterFile,
} from '../agent/adapter-files.ts'
import { readPrivate, savePrivate, servingState } from '../agent/private-adapter.ts'
import { keptRelease } from '../agent/serving.ts'
import type { StoreReads } from '../agent/store.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { LoraFeed } from '../engine/run/types.ts'
import { featureSpace } from '../personalize/feature-space.ts'
import { type ModelOptions, withDevice, withModel } from './context.ts'
import type { Io } from './io.ts'

type Which = 'private' | 'shared'
type ExportOptions = ModelOptions & { format: AdapterFormat; out: string; which?: Which }

export const adapterCommand = (io: Io): Command => {
  const command = new Command('adapter').description(
    'LoRA adapters out to PEFT and llama.cpp, and in from them and mlx-lm',
  )
  withModel(command.command('export'))
    .description('write an adapter of this device as a PEFT folder or a GGUF file')
    .addOption(
      new Option('--format <format>', 'peft: a folder; gguf: a file')
        .choices(ADAPTER_FORMATS)
        .makeOptionMandatory(),
    )
    .requiredOption('--out <path>', 'folder or file to make; nothing is overwritten')
    .addOption(
      new Option(
        '--which <which>',
        "private: this device's own; shared: the release's (default: private where there is one)",
      ).choices(['private', 'shared']),
    )
    .addHelpText(
      'after',
      '\nThe private adapter was learned from your choices and may tell about them; it lies over the shared one, if there is\none: other programs need both.\n\nExamples:\n  loreweave adapter export --format peft --out adapter\n  loreweave adapter export --format gguf --which shared --out shared.gguf',
    )
    .action((options: ExportOptions) =>
      withDevice(io, options, async (_device, { store, model }) => {
        const which = options.which ?? (servingState(store).private ? 'private' : 'shared')
        const feed = servedAdapter(store, model, which)
        const files = writeAdapterFile(options.out, options.format, model, feed)
        io.print(
          options,
          { which, ...feed.spec, files },
          `wrote the ${which} adapter, ${described(feed)}: ${files.join(', ')}`,
        )
      }),
    )
  withModel(command.command('import'))
    .description("take an adapter for this model as this device's private one")
    .argument('<path>', 'a folder of PEFT or mlx-lm, a file in it, or a GGUF file')
    .addHelpText(
      'after',
      '\nIt takes the place of a private adapter that is there, lies over the release that is served, and never leaves the\ndevice in a round. The head is fitted again under it. Layers from the exit layer on\nare kept, but ordering answers does not run them.\n\nExample:\n  loreweave adapter import my-adapter.gguf',
    )
    .action((path: string, options: ModelOptions) =>
      withDevice(io, options, async (device, { store, model, signal }) => {
        const { format, madeFor, ...feed } = readAdapterFile(path, model)
        await store.durably((tx) => savePrivate(tx, servingState(tx).release, feed))
        const report =
          store.countChoices() > 0 ? await device.train({ onProgress: io.progress, signal }) : null
        io.print(
          options,
          { format, ...(madeFor && { madeFor }), ...feed.spec, choices: report?.choices ?? 0 },
          [
            `private adapter: ${described(feed)}${report ? `; head fitted to ${report.choices} choices` : ''}`,
            otherBaseNote(madeFor, model),
          ]
            .filter((line) => line !== null)
            .join('\n'),
        )
      }),
    )
  return command
}

const servedAdapter = (store: StoreReads, model: LocalModel, which: Which): LoraFeed => {
  const state = servingState(store)
  if (which === 'private' && state.private) return readPrivate(store)
  if (which === 'shared' && state.release !== null) {
    const space = featureSpace(model.base.shape.hidden)
    return keptRelease({ store, model, space }, state.release).shared
  }
  throw new FedError(
    'E_NOT_FOUND',
    which === 'private'
      ? 'there is no private adapter. Run: loreweave train --adapter'
      : 'no release is served, so there is no shared adapter. Run: loreweave participate',
  )
}

const described = ({ spec }: LoraFeed): string =>
  `rank ${spec.rank}, alpha ${spec.alpha}, layers ${spec.firstLayer} to ${spec.endLayer - 1}, ${spec.modules.join(' ')}`
