/** `loreweave-eval parity`. */
import type { Command } from 'commander'
import { runParity } from '../peers/parity.ts'
import { jsonOption, type Print } from './options.ts'

export const addParityCommand = (program: Command, print: Print): void => {
  program
    .command('parity')
    .argument('<folder>', 'model, adapter and values computed by PyTorch and PEFT')
    .description(
      'compares logits, hidden states, gradients and the optimizer with reference values',
    )
    .addOption(jsonOption())
    .action(async (folder, options) => print(await runParity(folder), options.json))
}
