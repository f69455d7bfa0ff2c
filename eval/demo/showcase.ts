/** One person's device at work: an app talks to it through the SDK, as it would to Claude. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { FedError } from '../../adapters/errors.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { RerankResponse, RewriteResponse } from '../../device/api/schemas/personalization.ts'
import { WHY_BLOCK } from '../../device/preferences/reasons.ts'
import { type Processes, startListening } from '../programs/processes.ts'
import type { DemoDevice } from './devices.ts'
import type { Unseen } from './people.ts'
import type { DemoReport } from './report.ts'

const CLAUDE_MODEL = 'claude-sonnet-5-5'

export type Showcase = Pick<DemoReport, 'rewrite' | 'rerank'>

export type ShowcaseOptions = {
  readonly processes: Processes
  readonly cache: string
  /** null is hosted Claude. */
  readonly claudeUrl: string | null
  readonly claudeKey: string
}

/**
 * Shows the first of `unseen` that is rewritten, and the first whose order changes the answer, and
 * says how many were tried.
 */
export const showDevice = async (
  { processes, cache, claudeUrl, claudeKey }: ShowcaseOptions,
  { home }: DemoDevice,
  unseen: readonly Unseen[],
): Promise<Showcase> => {
  // Nothing else works any more, so it may have all cores.
  const threads = ['--threads', `${availableParallelism()}`]
  const serve = ['serve', '--port', '0', '--home', home, '--cache', cache, ...threads]
  const url = await startListening(processes, 'device/cli', serve)
  const local = localApi(url, readFileSync(join(home, 'device-token'), 'utf8').trim())
  const rewritten = await firstThat(
    unseen,
    async ({ request }) =>
      RewriteResponse.parse(await local('/v1/rewrite', { messages: userMessage(request) })),
    ({ block }) => block !== null,
  )
  const reranked = await firstThat(
    unseen,
    async ({ request, candidates }) =>
      RerankResponse.parse(
        await local('/v1/rerank', { messages: userMessage(request), candidates }),
      ),
    // An order drawn at random, to learn from, would show nothing.
    ({ winner, candidates }) =>
      winner > 0 && candidates.every((c) => c.reward <= candidates[winner]!.reward),
  )
  const { request } = rewritten.item
  const pool = Math.min(unseen.length, MAX_TRIES)
  const direct = new Anthropic({ apiKey: claudeKey, ...(claudeUrl && { baseURL: claudeUrl }) })
  const { system, reason } = rewritten.answer
  const { order, winner, candidates } = reranked.answer
  return {
    rewrite: {
      request,
      before: requestText(null, request),
      after: requestText(system, request),
      answerBefore: await ask(direct, request),
      answerAfter: await ask(new Anthropic({ apiKey: claudeKey, baseURL: url }), request),
      reason: WHY_BLOCK[reason],
      chosenFrom: pool,
    },
    rerank: {
      request: reranked.item.request,
      reason: reranked.answer.reason,
      chosenFrom: pool,
      candidates: order.map((i) => ({
        text: reranked.item.candidates[i]!,
        reward: candidates[i]!.reward,
        isFirst: i === 0,
        isWinner: i === winner,
      })),
    },
  }
}

const MAX_TRIES = 6

/** The first item whose answer is good, or else the first item. */
const firstThat = async <T, A>(
  items: readonly T[],
  answerTo: (item: T) => Promise<A>,
  isGood: (answer: A) => boolean,
): Promise<{ item: T; answer: A }> => {
  let first: { item: T; answer: A } | undefined
  for (const item of items.slice(0, MAX_TRIES)) {
    const answer = await answerTo(item)
    if (isGood(answer)) return { item, answer }
    first ??= { item, answer }
  }
  if (!first) throw new RangeError('there is no unseen request to show')
  return first
}

const userMessage = (content: string) => [{ role: 'user' as const, content }]

/** POST to a local API, with the device token. Fails with E_UPSTREAM when it refuses. */
export const localApi =
  (url: string, deviceToken: string) =>
  async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${deviceToken}` },
      body: JSON.stringify({ protocol: PROTOCOL_VERSION, ...body }),
    })
    if (response.ok) return response.json()
    throw new FedError('E_UPSTREAM', `${path} of the device answered ${response.status}`)
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
