/** The program with a home of its own and the built-in model: mostly called here, and started as a user starts it. */
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { homeFiles } from '../../device/home/files.ts'
import { call } from './cli-call.ts'
import { run as startAndWait, start as startIn } from './cli-process.ts'
import { shortChoices, temporaryFolder } from './device-fixture.ts'

let folder = ''
beforeAll(async () => {
  folder = temporaryFolder()
  await run(['init', '--model', 'tiny'])
})
afterAll(() => {
  // `remove` takes what the program made, and that is all there is after this file's commands.
  const { others } = homeFiles(join(folder, 'home'))
  rmSync(folder, { recursive: true })
  expect(others).toEqual([])
})

const start = (args: string[], env?: Record<string, string>) => startIn(folder, args, env)
const run = (args: string[], options?: Parameters<typeof call>[2]) => call(folder, args, options)

test('from init to rerank and feedback, as a user would', async () => {
  const init = await startAndWait(folder, ['init', '--model', 'tiny', '--json'])
  expect(init).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(init.stdout)).toMatchObject({
    model: 'tiny',
    deviceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  expect(statSync(join(folder, 'home')).mode & 0o777).toBe(0o700)

  const data = join(folder, 'choices.jsonl')
  const lines = [...shortChoices(20), ...shortChoices(2, 'bob')].map((c) => JSON.stringify(c))
  writeFileSync(
    data,
    [`\ufeff${lines[0]}`, '{"user":"ada"}', 'nonsense', ...lines.slice(1)].join('\n'),
  )
  const bad = await run(['train', '--data', data, '--user', 'ada'])
  expect(bad.code).toBe(1)
  expect(bad.stderr).toContain('line 2: ')
  expect(bad.stderr).toContain('line 3: is not JSON')
  expect(bad.stderr).not.toContain('nonsense')
  expect(await run(['train', '--data', data, '--skip-bad'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--user'),
  })

  const train = await run([
    'train',
    '--data',
    data,
    '--user',
    'ada',
    '--skip-bad',
    '--threads',
    '1',
    '--exit',
    'auto',
    '--json',
  ])
  expect(train.code).toBe(0)
  const { exit } = JSON.parse(train.stdout)
  expect(exit.choice.scores.map((s: { layer: number }) => s.layer)).toEqual([1, 2])
  expect(exit.layer).toBe(exit.choice.layer)
  expect(JSON.parse(train.stdout)).toMatchObject({
    imported: { added: 20, replaced: 0, known: 0, test: 0, skipped: 2, others: 2 },
    choices: 20,
    pairs: 40,
    heldBack: 0,
  })

  const request = { ...shortChoices(30)[29], candidates: shortChoices(30)[29]!.candidates }
  const { messages, candidates } = request
  const rerank = await run(['rerank', '--json'], {
    input: `\ufeff${JSON.stringify({ messages, candidates })}`,
  })
  expect(rerank.code).toBe(0)
  const { winner, decisionId } = JSON.parse(rerank.stdout)
  expect(winner).toBeTypeOf('number')
  const feedback = await run([
    'feedback',
    'choose',
    '--decision',
    decisionId,
    '--chosen',
    '1',
    '--json',
  ])
  expect(JSON.parse(feedback.stdout)).toMatchObject({ recorded: true, choices: 21, decisionId })
  const status = await run(['status', '--json'])
  expect(JSON.parse(status.stdout)).toMatchObject({
    choices: 21,
    release: null,
    updates: { accepted: 0 },
  })
}, 120_000)

test('the profile is edited without the model', async () => {
  const set = await run(['profile', 'set', 'emoji', 'less', '--json'])
  expect(JSON.parse(set.stdout).profile.preferences).toMatchObject([
    { dimension: 'emoji', direction: -1, source: 'stated' },
  ])
  const off = await run(['profile', 'off', 'emoji'])
  expect(off.stdout).toContain('off')
  expect((await run(['profile', 'remove', 'emoji', '--json'])).stdout).toContain('"preferences":[]')
  expect(await run(['profile', 'set', 'colour', 'more'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('emoji'),
  })
})

test.each([
  ['an unknown command', ['nonsense'], 2, 'unknown command'],
  ['a wrong number', ['participate', '--rounds', 'x'], 2, 'whole number'],
  [
    'a token in the arguments',
    ['enroll', '--server', 'http://x', '--token', 'secret'],
    2,
    'visible',
  ],
  ['no token', ['enroll', '--server', 'http://x'], 2, 'LOREWEAVE_ENROLL_TOKEN'],
  ['a server that is none', ['enroll', '--server', 'x', '--token', '-'], 2, '--server'],
  ['a home that is none', ['status', '--home', '/nonexistent/home'], 1, 'loreweave init'],
  ['a CPU share of nothing', ['train', '--cpu-share', '0'], 2, 'from 0.1 to 1'],
  ['an exit that the model lacks', ['job-file', '--exit', '3'], 2, 'must be 1 to 2'],
  [
    'a memory limit that nothing fits',
    ['train', '--memory-limit', '128', '--adapter'],
    1,
    'E_MEMORY',
  ],
  ['no enrolment', ['participate'], 1, 'loreweave enroll'],
  ['forgetting of nothing in particular', ['forget'], 2, 'one of --decision, --message, --choice'],
  ['a preference without a way', ['feedback', 'prefer', '--dimension', 'length'], 2, 'direction'],
  ['unknown feedback', ['feedback', 'shrug', '--decision', 'd'], 2, 'feedback shrug'],
])('%s ends with the right exit code and says what to do', async (_name, args, code, words) => {
  const result = await run(args)
  expect([result.code, result.stdout]).toEqual([code, ''])
  expect(result.stderr).toContain(words)
})

test('an error ends the process with its exit code', async () => {
  expect(await startAndWait(folder, ['nonsense'])).toMatchObject({ code: 2, stdout: '' })
  expect(await startAndWait(folder, ['status', '--home', '/nonexistent/home'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('loreweave init'),
  })
  const request = await startAndWait(folder, ['rerank'], { input: 'nonsense' })
  expect(request).toMatchObject({ code: 1, stderr: expect.stringContaining('not JSON') })
})

test('--json gives refusals in the envelope, on stderr', async () => {
  const result = await run(['status', '--json', '--home', join(folder, 'none')])
  expect(JSON.parse(result.stderr)).toMatchObject({ error: { code: 'E_HOME' } })
})

test('every command has help', async () => {
  const { code, stdout } = await run(['--help'])
  expect(code).toBe(0)
  for (const name of [
    'training',
    'init',
    'enroll',
    'train',
    'participate',
    'serve',
    'agent',
    'service',
    'doctor',
    'leave',
    'remove',
    'rewrite',
    'rerank',
    'feedback',
    'forget',
    'profile',
    'status',
    'log',
    'consent',
    'model',
  ])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  expect((await run(['participate', '--help'])).stdout).toContain('Example')
})

test('serve says where it listens, answers there, and ends at SIGTERM with 0', async () => {
  const child = start(['serve', '--port', '0', '--threads', '1'], { ANTHROPIC_API_KEY: '' })
  const ended = new Promise((resolve) => child.on('close', resolve))
  const line = await new Promise<string>((resolve) => {
    let text = ''
    child.stdout.on('data', (data) => {
      text += data
      if (text.includes('\n')) resolve(text)
    })
  })
  const { event, url } = JSON.parse(line)
  expect(event).toBe('listening')
  const answer = await fetch(`${url}/v1/status`)
  expect(answer.status).toBe(401)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})
