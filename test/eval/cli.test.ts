import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createProcesses } from '../../eval/demo/processes.ts'
import { Result } from '../../eval/results.ts'
import { programCommand } from '../support/programs.ts'

const { run } = createProcesses(programCommand)
const reference = fileURLToPath(new URL('../vectors/tiny-llama', import.meta.url))

test('parity prints one JSON object of named figures, all within 1e-4', async () => {
  const { stdout } = await run('eval/cli', ['parity', reference, '--json'])
  const results = Result.array().parse((JSON.parse(stdout) as { results: unknown }).results)
  expect(results.map((r) => r.name)).toContain('parity.adapter_logits')
  for (const { value } of results) expect(value).toBeLessThan(1e-4)
})

test('every command explains itself', async () => {
  for (const command of ['demo', 'run', 'rerank', 'parity', 'claude', 'record'])
    expect((await run('eval/cli', [command, '--help'])).stdout).toContain('Usage: loreweave-eval')
  const { stdout } = await run('eval/cli', ['bench', '--help'])
  for (const name of ['train', 'round', 'rerank', 'generate', 'load'])
    expect(stdout).toContain(name)
  const round = (await run('eval/cli', ['bench', 'round', '--help'])).stdout
  for (const option of ['--peers', '--runs', '--threads', '--peer-choices', '--accuracy'])
    expect(round).toContain(option)
})

test.each([
  ['an unknown command', ['nonsense'], 'ended with 2'],
  ['a number that is none', ['rerank', '--data', 'x', '--budgets', 'many'], 'ended with 2'],
  ['a scenario that there is none of', ['run', 'nonsense'], 'ended with 2'],
  ['an ablation of nothing', ['run', 'tiny', '--ablate', 'x'], 'ended with 2'],
  [
    'both a population and a release',
    ['rerank', '--data', 'x', '--population', 'y', '--release', 'z'],
    'ended with 2',
  ],
  ['a benchmark of nothing', ['bench', 'train', '--runs', '0'], 'ended with 2'],
  ['a step size that is none', ['bench', 'round', '--learning-rate', '0'], 'ended with 2'],
  ['a peer where there is none', ['bench', 'load', '--peers'], 'ended with 2'],
  ['a bad day that is none', ['claude', '--bad-day', 'sunny'], 'ended with 2'],
  ['a folder without a model', ['parity', '/nowhere', '--json'], '"code":"E_MODEL_FILE"'],
])('%s is refused with its exit status', async (_, args, said) => {
  await expect(run('eval/cli', args)).rejects.toThrow(said)
})
