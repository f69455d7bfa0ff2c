import { ChatAnthropic } from '@langchain/anthropic'
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import { eachQuestion, serve } from './driver.mjs'

/** Two further tries in place of the default of six, which wait for a minute in all. */
const chatOf = ({ model, maxTokens }) => new ChatAnthropic({ model, maxTokens, maxRetries: 2 })

const beginning = ({ system }) => (system ? [new SystemMessage(system)] : [])

const answerOf = (message) => ({
  text: message.text,
  stop: message.response_metadata.stop_reason ?? message.additional_kwargs.stop_reason ?? null,
})

const talk = (scenario, ask) => {
  const chat = chatOf(scenario)
  const messages = beginning(scenario)
  return eachQuestion(scenario, async (question) => {
    messages.push(new HumanMessage(question))
    const message = await ask(chat, messages)
    messages.push(message)
    return answerOf(message)
  })
}

const whole = (scenario) => talk(scenario, (chat, messages) => chat.invoke(messages))

await serve({
  plain: whole,
  turns: whole,
  overloaded: whole,
  unauthorized: whole,
  stream: (scenario) =>
    talk(scenario, async (chat, messages) => {
      let message
      for await (const chunk of await chat.stream(messages))
        message = message ? message.concat(chunk) : chunk
      return message
    }),
  tools: async (scenario) => {
    const { name, description, schema, result } = scenario.tool
    const chat = chatOf(scenario).bindTools([{ name, description, input_schema: schema }])
    const messages = [...beginning(scenario), new HumanMessage(scenario.questions[0])]
    const answers = []
    for (;;) {
      const message = await chat.invoke(messages)
      answers.push(answerOf(message))
      if (message.tool_calls.length === 0) return { answers }
      const results = message.tool_calls.map(
        ({ id }) => new ToolMessage({ content: result, tool_call_id: id }),
      )
      messages.push(message, ...results)
    }
  },
  abort: async (scenario) => {
    const abort = new AbortController()
    const messages = [...beginning(scenario), new HumanMessage(scenario.questions[0])]
    const stream = await chatOf(scenario).stream(messages, { signal: abort.signal })
    for await (const chunk of stream) if (chunk.text) abort.abort()
    return { answers: [] }
  },
})
