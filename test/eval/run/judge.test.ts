import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { UserLog } from '../../../eval/inputs/user-log.ts'
import type { Arm } from '../../../eval/run/arms.ts'
import { longestArm, type Picker, pickOf } from '../../../eval/run/arms.ts'
import { type JudgeDeps, judge } from '../../../eval/run/judge.ts'

const folder = mkdtempSync(join(tmpdir(), 'loreweave-judge-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const person = (user: string): UserLog => ({
  user,
  train: [],
  test: [
    {
      user,
      id: `${user}-1`,
      messages: [{ role: 'user', content: 'Why?' }],
      candidates: ['Because.', 'Because of that.'],
      chosen: 0,
      utilities: [0, 1],
    },
  ],
})
const logs = ['ada', 'ben', 'cy'].map(person)

const counted = () => {
  let calls = 0
  const pick: Picker = async (log, budget) => {
    calls++
    return (await longestArm(log, budget)).map((p) => ({ ...p, asked: budget }))
  }
  return { pick, calls: () => calls }
}
const armOf = (pick: Picker, more: Partial<Arm> = {}): Arm => ({
  name: 'arm',
  budgets: [1, 2],
  people: 3,
  from: '',
  pick,
  ...more,
})
const deps = (name: string, arms: Arm[]): JudgeDeps => ({
  arms,
  logs,
  world: 'w',
  file: join(folder, name),
  log: () => {},
})

test('picks come by arm, budget and person, and a second time out of the file', async () => {
  const { pick, calls } = counted()
  const first = await judge(deps('twice', [armOf(pick)]))
  expect(first.get('arm')!.get(2)!).toHaveLength(3)
  expect(first.get('arm')!.get(2)![0]![0]).toEqual({
    ...pickOf(logs[0]!.test[0]!, [1, 0]),
    asked: 2,
  })
  expect(calls()).toBe(6)
  expect(await judge(deps('twice', [armOf(pick)]))).toEqual(first)
  expect(calls()).toBe(6)
  expect(readFileSync(join(folder, 'twice'), 'utf8')).not.toContain('Because')
})

test('an answer that is none of the candidates keeps its worth', async () => {
  const pick: Picker = async () => [{ utilities: [0, 1], picked: 1, value: 5 }]
  const given = deps('value', [armOf(pick)])
  const first = await judge(given)
  expect(
    await judge({ ...given, arms: [armOf(() => Promise.reject(new Error('again')))] }),
  ).toEqual(first)
})

test.each([
  ['another release', { from: 'other' }, logs, 'w'],
  ['other people', {}, ['ada', 'ben', 'dee'].map(person), 'w'],
  ['another seed', {}, logs, 'other'],
] as const)('%s is judged anew', async (what, arm, people, world) => {
  const { pick, calls } = counted()
  const name = `anew-${what}`
  await judge(deps(name, [armOf(pick)]))
  await judge({ ...deps(name, [armOf(pick, arm)]), logs: people, world })
  expect(calls()).toBeGreaterThan(6)
})

test('after an interruption, also in the middle of a line, only the rest is judged', async () => {
  const { pick, calls } = counted()
  const abort = new AbortController()
  const stopping: Picker = async (log, budget) => {
    if (calls() === 3) abort.abort()
    return pick(log, budget)
  }
  const given = deps('interrupted', [armOf(stopping)])
  await expect(judge({ ...given, signal: abort.signal })).rejects.toMatchObject({
    code: 'E_CANCELLED',
  })
  expect(calls()).toBe(4)
  const text = readFileSync(given.file, 'utf8')
  writeFileSync(given.file, text.slice(0, -10))
  appendFileSync(given.file, '')
  const whole = await judge(given)
  expect(calls()).toBe(4 + 3)
  expect(whole).toEqual(await judge(deps('whole', [armOf(counted().pick)])))
})

test('a fixed arm is judged once, a costly one on its first people', async () => {
  const { pick, calls } = counted()
  const judged = await judge(deps('few', [armOf(pick, { budgets: null, people: 2 })]))
  expect([...judged.get('arm')!]).toHaveLength(1)
  expect(judged.get('arm')!.get(0)).toHaveLength(2)
  expect(calls()).toBe(2)
})
