// Real clients, directly and through the device: what reaches Claude differs in nothing but the end of `system`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLIENTS, type Expected } from './clients.ts'
import { compare, type Passed, pathAtClaude } from './compare.ts'
import { removeHomes } from './device.ts'
import type { Exchange } from './recorder.ts'
import { type Kind, scenarioOf } from './scenarios.ts'
import { install, type Session, startSession } from './session.ts'
import { type Run, startWorld, type Way, type World } from './world.ts'

/** Kinds in which Claude, or the client itself, ends the conversation early. */
const FAILING: readonly Kind[] = ['overloaded', 'unauthorized']

const named = process.env['LOREWEAVE_CLIENT']
const chosen = CLIENTS.filter(({ name }) => named === undefined || name.includes(named))

afterAll(removeHomes)

for (const client of chosen) {
  const installed = await install(client)
  const reason = 'reason' in installed ? installed.reason : undefined
  if (reason) console.warn(`${client.name}: skipped, since ${reason}`)
  const title = reason ? `${client.name} (skipped: ${reason})` : client.name

  describe.skipIf(reason)(title, () => {
    let world: World
    beforeAll(async () => {
      world = await startWorld()
    })
    const sessions = new Map<string, Promise<Session>>()
    /** path: what follows the origin in the base URL. */
    const run = async (kind: Kind, way: Way, path: string) => {
      if ('reason' in installed) throw new Error(installed.reason)
      const baseUrl = `${world.url}${path}`
      const session =
        sessions.get(path) ?? startSession(installed, client.env, { baseUrl, proxy: world.proxy })
      sessions.set(path, session)
      const scenario = scenarioOf(kind, client.model, client.questions?.[kind])
      return world.run(await session, kind, scenario, way)
    }
    afterAll(async () => {
      for (const session of sessions.values()) await (await session).close()
      await world?.close()
    })

    test.each(Object.keys(client.scenarios) as Kind[])('%s', async (kind) => {
      const direct = await run(kind, 'directly', client.path)
      expectMeaning(kind, direct)
      const device = await run(kind, 'through the device', '')
      expectNone(problemsOf(kind, client.scenarios[kind]!, direct, device))
    })

    test('its other base URL works too', async () => {
      const kind = 'plain' in client.scenarios ? 'plain' : 'output'
      const direct = await run(kind, 'directly', client.path)
      expectMeaning(kind, direct)
      const device = await run(kind, 'through the device', '/v1')
      expectNone(problemsOf(kind, client.scenarios[kind]!, direct, device))
    })

    test('asks for no other host', () => {
      expect(world.takeHosts()).toEqual([])
    })
  })
}

/** The scenario does what its name says where no device is involved. */
const expectMeaning = (kind: Kind, { outcome, received }: Run) => {
  expect(received.filter(isMessages).length, JSON.stringify(outcome)).toBeGreaterThan(0)
  if (FAILING.includes(kind)) {
    expect(outcome.error, JSON.stringify(outcome)).toBeDefined()
    return
  }
  if (kind === 'abort') {
    expect(received.filter(isMessages).at(-1)).toMatchObject({ isAborted: true })
    return
  }
  expect(outcome.error).toBeUndefined()
  expect(outcome.answers!.at(-1)!.text).not.toBe('')
  expect(statuses(received)).toEqual(received.filter(isMessages).map(() => 200))
  // The thinking of earlier turns came back, so that Claude checks what it is bound to.
  if (kind === 'turns') expect(String(received.at(-1)!.body)).toContain('"signature"')
  if (kind === 'tools') expect(received.filter(isMessages).length).toBeGreaterThan(1)
}

/** Each problem in words, in the failure's own message. */
const expectNone = (problems: readonly string[]) =>
  expect(problems.length, problems.map((text) => `\n  - ${text}`).join('')).toBe(0)

const problemsOf = (kind: Kind, expected: Expected, direct: Run, device: Run): string[] => {
  const { passed, differences } = compare(device.sent, device.received, kind === 'ranked')
  const ofMessages = passed.filter((p) => isMessages(p.from))
  const isContinued = (p: Passed) => /"thread":\s*\{[^}]*"continue"/.test(String(p.from.body))
  const suffixes = [...new Set(ofMessages.filter((p) => !isContinued(p)).map((p) => p.suffix))]
  const hasBlock = suffixes.some((suffix) => suffix.includes('<reader_preferences>'))
  return [
    ...new Set(differences),
    ...unequal('the client is told', told(direct), told(device)),
    // Where the device has tried again in its place, the client is told that this is useless.
    ...(kind === 'overloaded'
      ? []
      : unequal('the client sends', calls(direct.sent), calls(device.sent))),
    ...(kind === 'ranked'
      ? unequal('several answers are asked for:', true, calls(device.received).length > 1)
      : unequal('Claude is sent', calls(direct.received), calls(device.received))),
    ...unequal('behind system stands', expected, hasBlock ? 'block' : 'none'),
    ...(suffixes.length > 1 ? [`${suffixes.length} suffixes in one conversation`] : []),
    ...(ofMessages.some((p) => isContinued(p) && p.suffix)
      ? ['a thread goes on with a block']
      : []),
  ]
}

const unequal = (what: string, directly: unknown, throughDevice: unknown): string[] => {
  const [one, other] = [JSON.stringify(directly), JSON.stringify(throughDevice)]
  return one === other ? [] : [`${what} ${one} directly, ${other} through the device`]
}

const isMessages = ({ target }: Exchange) => /\/messages(\?|$)/.test(target)
const statuses = (exchanges: readonly Exchange[]) =>
  exchanges.filter(isMessages).map(({ status }) => status)

/** Texts differ, since Claude follows the block. */
const told = ({ outcome: { answers, error } }: Run) => ({
  answers: answers?.map(({ text, stop }) => ({ hasText: text !== '', stop })),
  error,
})

/**
 * Sorted: a client may have several requests under way. Others than those for Messages come as
 * often as they like.
 */
const calls = (exchanges: readonly Exchange[]) =>
  exchanges
    .filter(isMessages)
    .map(({ method, target, status }) => `${method} ${pathAtClaude(target)} ${status}`)
    .sort()
