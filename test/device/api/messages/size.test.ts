import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sizeOf } from '../../../../device/api/messages/size.ts'

const MARK = { cache_control: { type: 'ephemeral' } }
const words = (characters: number) => 'x'.repeat(characters)
const body = (changes: object = {}) => ({
  model: 'claude-sonnet-4-5',
  max_tokens: 500,
  messages: [{ role: 'user', content: words(350) }],
  ...changes,
})
const text = (characters: number, more: object = {}) => ({
  type: 'text',
  text: words(characters),
  ...more,
})

describe('the size of a request', () => {
  test('is that of system, tools and messages, in tokens of its model', () => {
    const tools = [{ name: 'weather', description: words(670) }]
    const tool = JSON.stringify(tools[0]).length
    const request = body({ system: [text(700)], tools })
    expect(sizeOf(request)).toMatchObject({
      maxTokens: 500,
      inputTokens: Math.ceil((700 + 350 + tool) / 3.5),
    })
    const newer = { ...request, model: 'claude-sonnet-5-5' }
    expect(sizeOf(newer).inputTokens).toBe(Math.ceil((700 + 350 + tool) / 2.7))
  })

  test('says whether it thinks, how hard, and on which terms', () => {
    expect(sizeOf(body())).toMatchObject({ thinks: false, effort: undefined })
    const newer = body({
      model: 'claude-opus-5-5',
      output_config: { effort: 'high' },
      speed: 'fast',
      inference_geo: 'us',
    })
    expect(sizeOf(newer)).toMatchObject({
      thinks: true,
      effort: 'high',
      terms: { isFast: true, isUs: true },
    })
    expect(sizeOf({ ...newer, thinking: { type: 'disabled' } }).thinks).toBe(false)
    expect(sizeOf(body({ thinking: { type: 'enabled', budget_tokens: 2000 } })).thinks).toBe(true)
  })
})

describe('what is cached of it', () => {
  const long = text(7000)
  const marked = text(7000, MARK)
  test.each([
    ['nothing without a mark', { system: [long] }, 0],
    ['what comes before a mark of system', { system: [marked] }, 2000],
    ['up to the last mark', { system: [marked], messages: [{ content: [marked, long] }] }, 4000],
    ['all of it with one on the request', { system: [long], ...MARK }, 2100],
    [
      'what a tool result holds',
      { messages: [{ content: [{ type: 'tool_result', content: [marked] }] }] },
      2000,
    ],
    ['nothing where it is too short for Claude', { system: [text(3000, MARK)] }, 0],
    [
      'nothing where a mark is taken away again',
      { system: [text(7000, { cache_control: null })] },
      0,
    ],
  ])('is %s', (_name, changes, tokens) => {
    expect(sizeOf(body(changes)).cachedTokens).toBe(tokens)
  })

  test('depends on the model', () => {
    const request = body({ system: [text(3000, MARK)] })
    expect(sizeOf({ ...request, model: 'claude-opus-5-5' }).cachedTokens).toBeGreaterThan(1000)
  })
})

test('whatever a body holds, its size is a number', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), (content, system, tools) => {
      const { inputTokens, cachedTokens } = sizeOf(
        body({ messages: [{ role: 'user', content }], system, tools }),
      )
      expect(inputTokens).toBeGreaterThanOrEqual(0)
      expect(cachedTokens).toBeLessThanOrEqual(inputTokens)
    }),
  )
})
