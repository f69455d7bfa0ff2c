// Reference values: PyTorch 2.13 (CPU, float32), transformers 5.23, PEFT 0.21.2; see test/vectors/tiny-llama/README.md.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runParity } from '../../../eval/peers/parity.ts'

const NAMES = [
  'base_logits',
  'adapter_logits',
  'hidden_states',
  'ce_loss',
  'ce_grads',
  'dpo_loss',
  'dpo_grads',
  'bt_loss',
  'bt_grads',
  'bt_rewards',
  'adamw',
  'adamw_losses',
]

test('logits, states, losses, gradients and AdamW agree with PyTorch to 1e-4', async () => {
  const { results } = await runParity(
    fileURLToPath(new URL('../../vectors/tiny-llama', import.meta.url)),
  )
  expect(results.map(({ name }) => name)).toEqual(NAMES.map((name) => `parity.${name}`))
  for (const { name, value } of results) expect(value, name).toBeLessThan(1e-4)
})

test('a folder without a model is refused', async () => {
  const missing = runParity(fileURLToPath(new URL('../vectors/none', import.meta.url)))
  await expect(missing).rejects.toMatchObject({ name: 'FedError' })
})
