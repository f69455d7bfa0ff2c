/** One person's device at work: an app talks to it through the SDK, as it would to Claude. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { RerankResponse, RewriteResponse } from '../../adapters/wire/personalization.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { DemoDevice } from './devices.ts'
import type { Processes } from './processes.ts'
import type { DemoReport } from './report.ts'

const CLAUDE_MODEL = 'claude-sonnet-5-5'

export type Showcase = Pick<DemoReport, 'rewrite' | 'rerank'>

/** claudeUrl: null is hosted Claude. candidates: answers to the request, Claude's first one first. */
export const showDevice = async (
  {
    processes,
    cache,
    claudeUrl,
    claudeKey,
  }: {
    readonly processes: Processes
    readonly cache: string
    readonly claudeUrl: string | null
    readonly claudeKey: string
  },
  { home }: DemoDevice,
  request: string,
  candidates: readonly string[],
): Promise<Showcase> => {
  const line = await processes.start(
    'device/cli',
    ['serve', '--port', '0', '--home', home, '--cache', cache],
    (text) => text.includes('"listening"'),
  )
  const { url } = JSON.parse(line) as { url: string }
  const token = readFileSync(join(home, 'device-token'), 'utf8').trim()
  const messages = [{ role: 'user' as const, content: request }]
  const local = async <T>(path: string, body: object): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ protocol: PROTOCOL_VERSION, messages, ...body }),
    })
    if (!response.ok)
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
  const rewritten = RewriteResponse.parse(await local('/v1/rewrite', {}))
  const reranked = RerankResponse.parse(await local('/v1/rerank', { candidates }))
  const [plain, personal] = [
    await ask(
      new Anthropic({ apiKey: claudeKey, ...(claudeUrl && { baseURL: claudeUrl }) }),
      request,
    ),
    await ask(new Anthropic({ apiKey: claudeKey, baseURL: url }), request),
  ]
  return {
    rewrite: {
      request,
      before: requestText(null, request),
      after: requestText(rewritten.system, request),
      answerBefore: plain,
      answerAfter: personal,
      reason: REWRITE_WORDS[rewritten.reason] ?? rewritten.reason,
    },
    rerank: {
      request,
      reason: reranked.reason,
      candidates: reranked.order.map((i) => ({
        text: candidates[i]!,
        reward: reranked.candidates[i]!.reward,
        isFirst: i === 0,
        isWinner: i === reranked.winner,
      })),
    },
  }
}

const REWRITE_WORDS: Partial<Record<RewriteResponse['reason'], string>> = {
  applied:
    'The local model found these preferences relevant and added them to the system prompt; the message itself is untouched.',
  frozen:
    'The preferences chosen at the beginning of this conversation stay in place; the message itself is untouched.',
  none_relevant: 'The local model found no preference relevant to this request: nothing is added.',
  no_preferences: 'There is no preference to speak of yet: nothing is added.',
}

const requestText = (system: RewriteResponse['system'], request: string): string => {
  const text =
    typeof system === 'string' ? system : system?.map((block) => block.text ?? '').join('\n\n')
  return `system: ${text ?? '(none)'}\n\nuser: ${request}`
}

const ask = async (claude: Anthropic, request: string): Promise<string> => {
  const message = await claude.messages.create({
    model: CLAUDE_MODEL,
    max_tokens: 400,
    messages: [{ role: 'user', content: request }],
  })
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
