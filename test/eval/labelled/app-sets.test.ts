/**
 * Which preferences hold in apps, on the written sets: the rules were tuned on the development
 * ones.
 */
import { expect, test } from 'vitest'
import { readRequest } from '../../../device/api/messages/body.ts'
import { limitsOf } from '../../../device/api/messages/limits.ts'
import { chooseSuffix } from '../../../device/preferences/block.ts'
import { constraintsInConversation } from '../../../device/preferences/conversation-constraints.ts'
import { DIMENSIONS, type Preference } from '../../../device/records/preference.ts'
import {
  type AppRequest,
  BLIND_SETS,
  blindOrdinary,
  blindPrograms,
  blindPrompts,
  messagesInContext,
  ordinaryRequests,
  programRequests,
  questions,
  SETS,
  systemPrompts,
} from './app-sets.ts'

const user = (content: string) => ({ role: 'user' as const, content })
const QUESTION = 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?'

const profile = (direction: 1 | -1): { preferences: Preference[] } => ({
  preferences: DIMENSIONS.map((dimension) => ({
    dimension,
    direction,
    strength: 1,
    scope: 'all',
    evidence: { choices: 0, confidence: 1 },
    source: 'stated',
    pinned: false,
    enabled: true,
  })),
})
/** As it comes to the device. */
const limits = ({ system, message, hints }: Pick<AppRequest, 'system' | 'message' | 'hints'>) => {
  const body = {
    model: 'claude-sonnet-5-5',
    max_tokens: hints?.maxTokens ?? 1000,
    messages: [user(message)],
    ...(system && { system }),
    ...(hints?.stopSequences && { stop_sequences: ['\n\n'] }),
    ...(hints?.forcedForm && { tools: [{ name: 'book' }], tool_choice: { type: 'any' } }),
  }
  return limitsOf(readRequest(new TextEncoder().encode(JSON.stringify(body)))!, true)
}
const isProgram = (request: Parameters<typeof limits>[0]) => {
  const { isOnce, isLearned, barrier } = limits(request)
  return isOnce && !isLearned && barrier !== undefined
}
const texts = (requests: readonly AppRequest[]) => requests.map((r) => r.message)

/** Just the lines of these dimensions are silenced. */
const isRight = (system: string, fixes: readonly string[]) => {
  const { silencedBy, strictOutput } = constraintsInConversation({
    system,
    messages: [user(QUESTION)],
  })
  const expected = DIMENSIONS.filter((d) => fixes.includes(d)).flatMap((d) => [`${d}+`, `${d}-`])
  return !strictOutput && [...silencedBy.keys()].toSorted().join() === expected.toSorted().join()
}

test.each(BLIND_SETS)('of %s 95 in 100 prompts are right, and all requests of programs', (set) => {
  const prompts = blindPrompts(set)
  expect([prompts.length, blindPrograms(set).length, blindOrdinary(set).length]).toEqual([
    60, 60, 60,
  ])
  const wrong = prompts.filter(({ system, fixes }) => !isRight(system, fixes)).map((p) => p.id)
  expect(wrong.length, wrong.join()).toBeLessThanOrEqual(3)
  expect(
    blindPrograms(set)
      .filter((r) => !isProgram(r))
      .map((r) => r.id),
  ).toEqual([])
  const taken = blindOrdinary(set)
    .filter((r) => limits(r).isOnce)
    .map((r) => r.id)
  expect(taken.length, taken.join()).toBeLessThanOrEqual(3)
})

test.each(SETS)('of the %s set 95 in 100 app prompts silence just what they fix', (set) => {
  const prompts = systemPrompts(set)
  expect(prompts.filter((p) => p.fixes.length === 0)).toHaveLength(45)
  expect(prompts.filter((p) => p.fixes.length > 0).length).toBeGreaterThanOrEqual(15)
  const wrong = prompts.filter(({ text, fixes }) => !isRight(text, fixes))
  expect(wrong.length, wrong.map((p) => p.text).join('\n---\n')).toBeLessThanOrEqual(3)
})

test.each(SETS)('of the %s set no request of a program is taken for a person’s', (set) => {
  const requests = programRequests(set)
  expect(requests).toHaveLength(60)
  expect(texts(requests.filter((r) => !isProgram(r)))).toEqual([])
})

test.each(SETS)('of the %s set few requests of people are taken for a program’s', (set) => {
  const requests = ordinaryRequests(set)
  expect(requests).toHaveLength(60)
  expect(texts(requests.filter((r) => limits(r).isOnce)).length).toBeLessThanOrEqual(3)
})

test.each(SETS)('a sentence of context costs no line: %s', async (set) => {
  const lines = async (content: string) => {
    const chosen = await Promise.all(
      ([1, -1] as const).map((d) => chooseSuffix({ messages: [user(content)] }, profile(d))),
    )
    return chosen.map(({ preferences }) => preferences.length)
  }
  const messages = messagesInContext(set, 200)
  let kept = 0
  let without = 0
  for (const { question, inContext } of messages) {
    without += (await lines(question)).filter((n) => n > 0).length
    kept += (await lines(inContext)).filter((n) => n > 0).length
  }
  expect(without).toBeGreaterThan(0.95 * 2 * messages.length)
  expect(kept).toBeGreaterThanOrEqual(without - 0.03 * 2 * messages.length)
})

test.each(SETS)('whatever app asks, plain questions keep a block: %s', async (set) => {
  const open = systemPrompts(set).filter((p) => p.fixes.length < 3)
  for (const [i, question] of questions(set).entries()) {
    const system = open[i % open.length]!.text
    const { block } = await chooseSuffix({ system, messages: [user(question)] }, profile(-1))
    expect(block, `${system}\n${question}`).not.toBeNull()
  }
})

const TOOLS = [
  { tools: [{ name: 'get_weather', input_schema: { type: 'object' } }] },
  { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
  { tools: [{ name: 'search_orders' }, { name: 'open_ticket' }], tool_choice: { type: 'auto' } },
  { mcp_servers: [{ type: 'url', url: 'https://calendar.test', name: 'calendar' }] },
]

test.each(SETS)(
  'of 100 first messages as many get a block with tools as without: %s',
  async (set) => {
    const systems = systemPrompts(set).filter((p) => p.kind !== 'coding')
    const count = async (toolsOf: (i: number) => object) => {
      let blocks = 0
      for (const [i, { inContext }] of messagesInContext(set, 100).entries()) {
        const body = {
          model: 'claude-sonnet-5-5',
          max_tokens: 1000,
          system: systems[i % systems.length]!.text,
          messages: [user(inContext)],
          ...toolsOf(i),
        }
        const request = readRequest(new TextEncoder().encode(JSON.stringify(body)))!
        const { barrier } = limitsOf(request, false)
        const { block } = await chooseSuffix(request.conversation!, profile(-1))
        if (!barrier && block !== null) blocks++
      }
      return blocks
    }
    const without = await count(() => ({}))
    expect(without).toBeGreaterThan(90)
    expect(await count((i) => TOOLS[i % TOOLS.length]!)).toBe(without)
  },
)
