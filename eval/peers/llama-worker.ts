/** llama.cpp in a process of its own: its memory and threads are not ours. Speaks JSON lines. */
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { type LlamaCpp, openLlamaCpp } from './llama-cpp.ts'
import { failureText } from './programs.ts'

const Ids = z.array(z.int().min(0))
/** shared: each candidate after the prompt's kept cache; else prompt and candidate from nothing. */
const Request = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('open'),
    modelPath: z.string(),
    threads: z.int(),
    contextSize: z.int(),
  }),
  z.object({
    do: z.literal('rerank'),
    prompt: Ids,
    candidates: z.array(Ids),
    isShared: z.boolean(),
  }),
  z.object({ do: z.literal('generate'), prompt: Ids, count: z.int() }),
])
type Request = z.infer<typeof Request>

let llama: LlamaCpp | undefined

const perform = async (request: Request): Promise<object> => {
  if (request.do === 'open') {
    const opened = await openLlamaCpp(request)
    if ('reason' in opened) throw new Error(opened.reason)
    llama = opened
    return {}
  }
  if (!llama) throw new Error('no model has been opened')
  const began = performance.now()
  const seconds = () => ({ seconds: (performance.now() - began) / 1000 })
  if (request.do === 'generate') {
    const ids = await llama.generate(request.prompt, request.count)
    return { ids, ...seconds() }
  }
  const { prompt, candidates, isShared } = request
  if (isShared) await llama.evaluate(prompt)
  for (const candidate of candidates)
    await (isShared
      ? llama.evaluate(candidate, prompt.length)
      : llama.evaluate([...prompt, ...candidate]))
  return seconds()
}

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)

for await (const line of createInterface({ input: process.stdin }))
  try {
    say({ reply: await perform(Request.parse(JSON.parse(line))) })
  } catch (error) {
    say({ error: failureText(error) })
  }
process.exit(0)
