/**
 * Opt-in: the local model proposes another wording of the user's message. A proposal is never sent
 * automatically, and is accepted only if everything in the message survives (survival.ts);
 * otherwise the message stays, with the reason.
 */

import type { Engine } from '../engine/engine.ts'
import type { Tokenizer } from '../engine/model/tokenizer.ts'
import type { FreeRewrite } from '../records/rewrite-decision.ts'
import { lostIn } from './survival.ts'

type DiffPart = FreeRewrite['diff'][number]

/** A small model loses the thread of longer messages, and the user the overview. */
const MAX_MESSAGE_CHARS = 1000

const INSTRUCTION =
  'Rewrite the message below so that it is clearer. Keep its meaning, every name, number and ' +
  'quote, and its language. Do not answer it. Reply with the rewritten message ' +
  'only.\n\nMessage: '

/** diff: from the message to the proposal; empty if it is not accepted. */
export const proposeRewrite = async (
  engine: Pick<Engine, 'generate'>,
  tokenizer: Pick<Tokenizer, 'chat' | 'decode' | 'encode' | 'eosIds'>,
  message: string,
): Promise<FreeRewrite> => {
  if (message.trim() === '') return stays(message, 'there is no text')
  if (message.length > MAX_MESSAGE_CHARS)
    return stays(message, `messages over ${MAX_MESSAGE_CHARS} characters are not reworded`)
  const prompt = tokenizer.chat([{ role: 'user', content: `${INSTRUCTION}${message}` }]).ids
  const ids = await engine.generate(prompt, {
    adapters: [],
    maxTokens: 2 * tokenizer.encode(message).length + 8,
    stopIds: tokenizer.eosIds,
  })
  return judge(message, tokenizer.decode(ids))
}

export const judge = (message: string, proposal: string): FreeRewrite => {
  const text = proposal.replace(/^\s*(?:message|rewritten message)\s*:\s*/i, '').trim()
  if (text === message.trim()) return stays(message, 'the local model would not change anything')
  const lost = lostIn(message, text)
  if (lost.length > 0) return stays(message, `the proposal changes or loses: ${lost.join(', ')}`)
  return {
    accepted: true,
    text,
    reason: 'the proposal keeps everything',
    diff: diffWords(message, text),
  }
}

const stays = (text: string, reason: string): FreeRewrite => ({
  accepted: false,
  text,
  reason,
  diff: [],
})

/** Compares words and spaces by their longest common subsequence. */
export const diffWords = (before: string, after: string): DiffPart[] => {
  const a = before.match(/\s+|\S+/g) ?? []
  const b = after.match(/\s+|\S+/g) ?? []
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i]![j] =
        a[i] === b[j]
          ? common[i + 1]![j + 1]! + 1
          : Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
  const parts: { kind: DiffPart['kind']; text: string }[] = []
  const add = (kind: DiffPart['kind'], text: string) => {
    const last = parts.at(-1)
    if (last?.kind === kind) last.text += text
    else parts.push({ kind, text })
  }
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add('same', a[i]!)
      i++
      j++
    } else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!))
      add('removed', a[i++]!)
    else add('added', b[j++]!)
  }
  return parts
}
