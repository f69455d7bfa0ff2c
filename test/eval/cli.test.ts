import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createProcesses } from '../../eval/demo/processes.ts'
import { Result } from '../../eval/results.ts'

const { run } = createProcesses()
const reference = fileURLToPath(new URL('../vectors/tiny-llama', import.meta.url))

test('parity prints one JSON object of named figures, all within 1e-4', async () => {
  const { stdout } = await run('eval/cli', ['parity', reference, '--json'])
  const results = Result.array().parse((JSON.parse(stdout) as { results: unknown }).results)
  expect(results.map((r) => r.name)).toContain('parity.adapter_logits')
  for (const { value } of results) expect(value).toBeLessThan(1e-4)
})

test('every command explains itself', async () => {
  for (const command of ['demo', 'rerank', 'parity', 'bench', 'claude'])
    expect((await run('eval/cli', [command, '--help'])).stdout).toContain('Usage: loreweave-eval')
})

test.each([
  ['an unknown command', ['nonsense'], 'ended with 2'],
  ['a number that is none', ['rerank', '--data', 'x', '--budgets', 'many'], 'ended with 2'],
  ['a folder without a model', ['parity', '/nowhere', '--json'], '"code":"E_MODEL_FILE"'],
])('%s is refused with its exit status', async (_, args, said) => {
  await expect(run('eval/cli', args)).rejects.toThrow(said)
})
