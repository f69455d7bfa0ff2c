/** Every command, with nobody running and through a running owner: the same words, codes and traces. */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../../device/store/store.ts'
import { call, type Result } from '../cli-call.ts'
import { shortChoices, temporaryFolder } from '../device-fixture.ts'
import { type RunningOwner, runningOwner } from './running-owner.ts'

const root = temporaryFolder()
const SIDES = ['alone', 'asking'] as const
type Side = (typeof SIDES)[number]
let owner: RunningOwner

beforeAll(async () => {
  const made = join(root, 'made')
  mkdirSync(made)
  await call(made, ['init', '--model', 'tiny', '--threads', '1', '--port', '0', '--explore', '0'])
  await call(made, ['profile', 'set', 'tables', 'less'])
  for (const side of SIDES) {
    cpSync(made, join(root, side), { recursive: true })
    // Node 24 copies a folder without its mode.
    chmodSync(join(root, side, 'home'), 0o700)
  }
  const log = shortChoices(24).map((choice) => JSON.stringify(choice))
  writeFileSync(join(root, 'choices.jsonl'), log.join('\n'))
  writeFileSync(join(root, 'bad.jsonl'), `${log[0]}\n{"user":1}`)
  const { messages, candidates } = shortChoices(31)[30]!
  writeFileSync(join(root, 'request.json'), JSON.stringify({ messages, candidates }))
  owner = await runningOwner(join(root, 'asking'))
}, 60_000)
afterAll(async () => {
  await owner.close()
  rmSync(root, { recursive: true })
})

/** What one command says to the next. */
const said: Record<Side, { decision: string }> = {
  alone: { decision: '' },
  asking: { decision: '' },
}

const input = (name: string) => join(root, name)
type Args = (side: Side) => readonly string[]
const args =
  (...words: readonly string[]): Args =>
  () =>
    words

/** In this order, since one builds on the other. */
const COMMANDS: readonly (readonly [name: string, args: Args])[] = [
  ['status', args('status')],
  ['status --json', args('status', '--json')],
  ['profile show', args('profile', 'show', '--json')],
  ['profile set', args('profile', 'set', 'emoji', 'less')],
  [
    'profile set of some requests',
    args('profile', 'set', 'length', 'more', '--strength', '40', '--words', 'a,b'),
  ],
  ['profile pin', args('profile', 'pin', 'emoji', '--json')],
  ['profile unpin', args('profile', 'unpin', 'emoji')],
  ['profile off', args('profile', 'off', 'emoji')],
  ['profile on', args('profile', 'on', 'emoji')],
  ['profile remove', args('profile', 'remove', 'emoji')],
  ['profile proposals', args('profile', 'proposals')],
  ['profile accept of nothing', args('profile', 'accept', 'p_none')],
  ['profile dismiss of nothing', args('profile', 'dismiss', 'p_none', '--json')],
  ['consent show', args('consent', 'show', '--json')],
  ['consent grant', args('consent', 'grant', '--contributions', 'prior,statistics', '--days', '3')],
  ['consent grant for small rounds', args('consent', 'grant', '--least-cohort', '3')],
  ['consent withdraw', args('consent', 'withdraw', '--json')],
  ['log', args('log', '--limit', '5000')],
  ['training pause', args('training', 'pause')],
  ['training status', args('training', 'status', '--json')],
  ['training resume', args('training', 'resume')],
  ['rewrite', args('rewrite', '--text', 'Compare two ways to make tea.')],
  ['rewrite --json', args('rewrite', '--text', 'Compare two ways to make tea.', '--json')],
  ['train of nothing', args('train')],
  ['train of a bad log', args('train', '--data', input('bad.jsonl'))],
  ['train', args('train', '--data', input('choices.jsonl'))],
  ['train of the same log', args('train', '--data', input('choices.jsonl'), '--json')],
  ['train --adapter', args('train', '--adapter', '--epochs', '2', '--json')],
  ['train beyond the memory', args('train', '--adapter', '--memory-limit', '128')],
  ['train --exit auto', args('train', '--exit', 'auto', '--json')],
  ['choices', args('choices')],
  ['choices --json', args('choices', '--limit', '3', '--json')],
  ['rerank', args('rerank', '--file', input('request.json'))],
  ['rerank --json', args('rerank', '--file', input('request.json'), '--json')],
  [
    'feedback choose',
    (side) => ['feedback', 'choose', '--decision', said[side].decision, '--chosen', '1', '--json'],
  ],
  ['feedback prefer', args('feedback', 'prefer', '--dimension', 'headings', '--direction', 'less')],
  ['feedback on nothing', args('feedback', 'keep', '--decision', 'd_none')],
  ['status, learned', args('status')],
  [
    'adapter export',
    (side) => ['adapter', 'export', '--format', 'gguf', '--out', join(root, side, 'own.gguf')],
  ],
  ['adapter import', args('adapter', 'import', input('alone/own.gguf'), '--json')],
  [
    'adapter export of none',
    (side) => [
      'adapter',
      'export',
      '--format',
      'peft',
      '--which',
      'shared',
      '--out',
      join(root, side, 'x'),
    ],
  ],
  ['job-file', args('job-file')],
  ['job-file --exit auto', args('job-file', '--exit', 'auto')],
  ['participate without a server', args('participate')],
  ['enroll without a token', args('enroll', '--server', 'https://x.test')],
  ['server show', args('server', 'show', '--json')],
  ['server pin without words', args('server', 'pin')],
  ['server pin without a server', args('server', 'pin', '--first-use')],
  ['server compare without a server', args('server', 'compare', '3', 'lusab-babad')],
  ['rotate-key without a server', args('rotate-key')],
  ['leave', args('leave', '--json')],
  ['forget', (side) => ['forget', '--decision', said[side].decision, '--json']],
  ['forget of words', args('forget', '--containing', 'subject 7', '--yes', '--json')],
  ['forget again', (side) => ['forget', '--decision', said[side].decision]],
  ['init of a setting', args('init', '--candidates', '3', '--shadow', 'on', '--json')],
  ['rerank, shadowed', args('rerank', '--file', input('request.json'), '--json')],
  ['init --yes', args('init', '--yes', '--json')],
  ['doctor', args('doctor', '--offline')],
]

/** What differs from one second, home or draw to the next. */
const steady = (text: string): string =>
  text
    .replaceAll(/\b[dr]_[\w-]+/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/"(grantedAt|expiresAt|trainedAt|at)":\d+(\.\d+)?/g, '"$1":0')
    .replaceAll(/"seconds":[\d.]+/g, '"seconds":0')
    .replaceAll(/in \d+\.\d s|\d+ tokens\/s, \d+ s left/g, 'RATE')
    .replaceAll(/\/(?:alone|asking)\b/g, '/SIDE')
    // A device that stays sets its margin anew only when choices have grown by a tenth.
    .replaceAll(/margin [\d.]+ on \d+ held-back ones/g, 'MARGIN')
    // Of the doctor: what runs, and how fast.
    .replaceAll(/^.{4} {2}(?:api|agent|engine|memory|disk) .*(?:\n +mend.*)?/gm, '')

test.each(COMMANDS)(
  '%s',
  async (_, args) => {
    const results = {} as Record<Side, Result>
    for (const side of SIDES)
      results[side] = await call(join(root, side), args(side), { env: { ANTHROPIC_API_KEY: '' } })
    for (const side of SIDES) {
      const { decisionId } = JSON.parse(/^\{.*\}$/m.exec(results[side].stdout)?.[0] ?? '{}')
      if (typeof decisionId === 'string') said[side].decision = decisionId
    }
    const { alone, asking } = results
    expect(asking.code).toBe(alone.code)
    expect(steady(asking.stdout)).toBe(steady(alone.stdout))
    expect(alone.stdout + alone.stderr).not.toBe('')
    // Lines of progress come by time.
    const lines = ({ stderr }: Result) =>
      steady(stderr)
        .split('\n')
        .filter((line) => !/\d+\/\d+/.test(line))
    expect(lines(asking)).toEqual(lines(alone))
  },
  60_000,
)

test('every command that works on a home is in the table, or refuses while it is owned', async () => {
  const { stdout } = await call(join(root, 'alone'), ['--help'])
  const all = [...stdout.matchAll(/^ {2}(\w[\w-]*) /gm)].map(([, name]) => name!)
  const compared = new Set(COMMANDS.map(([, of]) => of('alone')[0]))
  const others = all.filter((name) => name !== 'loreweave' && !compared.has(name))
  // Files of this computer; what owns a home itself; what needs a running device, or none.
  expect(others.toSorted()).toEqual([
    'agent',
    'help',
    'model',
    'page',
    'remove',
    'serve',
    'service',
  ])
})

test('what came of them is in both homes the same', async () => {
  expect(
    readFileSync(join(root, 'asking', 'own.gguf')).equals(
      readFileSync(join(root, 'alone', 'own.gguf')),
    ),
  ).toBe(true)
  const config = (side: Side) => readFileSync(join(root, side, 'home', 'config.json'), 'utf8')
  expect(config('asking')).toBe(config('alone'))
  await owner.close()
  const kept = async (side: Side) => {
    const store = openStore(join(root, side, 'home', 'loreweave.db'))
    const named = ['profile', 'consent', 'paused', 'serving', 'exit'] as const
    const found = {
      ...Object.fromEntries(named.map((name) => [name, store.get(name)])),
      choices: store.choices().map(({ id, chosen }) => [steady(id), chosen]),
      decisions: store.decisions(1000).length,
      feedback: store.feedback(1000).map(({ body }) => (body as { kind: string }).kind),
      adapter: Buffer.from(store.blob('private') ?? '').toString('base64'),
      log: store.outbox().length,
    }
    await store.close()
    return JSON.parse(steady(JSON.stringify(found)))
  }
  expect(await kept('asking')).toEqual(await kept('alone'))
  owner = await runningOwner(join(root, 'asking'))
})
