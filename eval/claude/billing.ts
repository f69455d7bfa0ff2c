/** What an answer costs by the price pages: each part of its usage at the model that used it. */
import type { Iteration, Message, Usage } from './message.ts'
import { modelOf } from './models.ts'

const WRITE = { '5m': 1.25, '1h': 2 }
const US = 1.1
const BATCH = 0.5
const SEARCH_USD = 0.01

/** US dollars. A refusal before any output is not billed, although its tokens are reported. */
export const billOf = ({ model, usage, stop_reason: stop }: Message): number => {
  const parts = usage.iterations ?? [{ ...usage, model }]
  const last = parts.length - 1
  const tokens = parts.reduce((sum, part, i) => {
    const isUnbilled = part.output_tokens === 0 && (i < last || stop === 'refusal')
    return isUnbilled ? sum : sum + tokensUsd(part, part.model ?? model, usage)
  }, 0)
  return tokens + (usage.server_tool_use?.web_search_requests ?? 0) * SEARCH_USD
}

const tokensUsd = (
  part: Pick<Iteration, 'output_tokens'> & Omit<Iteration, 'type' | 'model'>,
  model: string,
  { speed, inference_geo: geo, service_tier: tier }: Usage,
): number => {
  const price = modelOf(model)?.price
  if (!price) return 0
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = part.cache_creation
  const prompt = part.input_tokens + part.cache_read_input_tokens + short + long
  const [input, output] = (speed === 'fast' && price.fast) || [price.input, price.output]
  const read = price.cacheRead * (input / price.input)
  const million =
    part.input_tokens * input +
    part.cache_read_input_tokens * read +
    short * input * WRITE['5m'] +
    long * input * WRITE['1h'] +
    part.output_tokens * output
  const factors = [
    price.long && prompt > price.long.above ? price.long.factor : 1,
    geo === 'us' ? US : 1,
    tier === 'batch' ? BATCH : 1,
  ]
  return factors.reduce((usd, factor) => usd * factor, million / 1e6)
}
