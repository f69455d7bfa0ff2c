import { anthropic } from '@ai-sdk/anthropic'
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { eachQuestion, serve } from './driver.mjs'

const fields = ({ model, maxTokens, system }) => ({
  model: anthropic(model),
  maxOutputTokens: maxTokens,
  ...(system && { system }),
})

const talk = (scenario, ask) => {
  const messages = []
  return eachQuestion(scenario, async (question) => {
    messages.push({ role: 'user', content: question })
    const { text, finishReason, response } = await ask({ ...fields(scenario), messages })
    messages.push(...response.messages)
    return { text, stop: finishReason }
  })
}

const whole = (scenario) => talk(scenario, generateText)

/** Errors of a stream go to onError; the promises of its parts say only that there is nothing. */
const streamed = async (options) => {
  let problem
  const result = streamText({ ...options, onError: ({ error }) => (problem = error) })
  await result.consumeStream()
  if (problem) throw problem
  const [text, finishReason, response] = await Promise.all([
    result.text,
    result.finishReason,
    result.response,
  ])
  return { text, finishReason, response }
}

await serve({
  plain: whole,
  turns: whole,
  overloaded: whole,
  unauthorized: whole,
  stream: (scenario) => talk(scenario, streamed),
  tools: async (scenario) => {
    const { name, description, schema, result } = scenario.tool
    const tools = {
      [name]: tool({ description, inputSchema: jsonSchema(schema), execute: async () => result }),
    }
    const { steps } = await generateText({
      ...fields(scenario),
      prompt: scenario.questions[0],
      tools,
      stopWhen: stepCountIs(4),
    })
    return { answers: steps.map(({ text, finishReason }) => ({ text, stop: finishReason })) }
  },
  abort: async (scenario) => {
    const abort = new AbortController()
    const { textStream } = streamText({
      ...fields(scenario),
      prompt: scenario.questions[0],
      abortSignal: abort.signal,
      onError: () => {},
    })
    for await (const _ of textStream) abort.abort()
    return { answers: [] }
  },
})
