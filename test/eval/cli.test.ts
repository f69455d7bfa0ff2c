import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Result } from '../../eval/measure/results.ts'
import { createProcesses } from '../../eval/programs/processes.ts'
import { callEval as call } from '../support/call-eval.ts'
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
  for (const command of ['demo', 'run', 'rerank', 'judge', 'parity', 'claude', 'record'])
    expect((await call(command, '--help')).stdout).toContain('Usage: loreweave-eval')
  const { stdout } = await call('bench', '--help')
  for (const name of ['train', 'round', 'rerank', 'generate', 'load', 'robust'])
    expect(stdout).toContain(name)
  const round = (await call('bench', 'round', '--help')).stdout
  for (const option of ['--peers', '--runs', '--threads', '--peer-choices', '--accuracy'])
    expect(round).toContain(option)
})

test.each([
  ['an unknown command', ['nonsense'], 2, 'unknown command'],
  [
    'a number that is none',
    ['rerank', '--data', 'x', '--budgets', 'many'],
    2,
    'expected a whole number',
  ],
  ['a scenario that there is none of', ['run', 'nonsense'], 2, 'nonsense'],
  ['an ablation of nothing', ['run', 'tiny', '--ablate', 'x'], 2, 'expected some of'],
  [
    'both a population and a release',
    ['rerank', '--data', 'x', '--population', 'y', '--release', 'z'],
    2,
    '--release',
  ],
  ['a benchmark of nothing', ['bench', 'train', '--runs', '0'], 2, 'a whole number from 1'],
  ['a step size that is none', ['bench', 'round', '--learning-rate', '0'], 2, 'a number above 0'],
  ['a peer where there is none', ['bench', 'load', '--peers'], 2, "unknown option '--peers'"],
  ['a bad day that is none', ['claude', '--bad-day', 'sunny'], 2, 'expected NAME'],
  ['a folder without a model', ['parity', '/nowhere', '--json'], 1, '"code":"E_MODEL_FILE"'],
])('%s is refused with its exit status', async (_, args, code, said) => {
  const result = await call(...args)
  expect([result.code, result.stdout]).toEqual([code, ''])
  expect(result.stderr).toContain(said)
})

test('what is refused ends the process with its exit status', async () => {
  await expect(run('eval/cli', ['run', 'nonsense'])).rejects.toThrow('ended with 2')
})
