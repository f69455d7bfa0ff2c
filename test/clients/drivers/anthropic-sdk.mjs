import Anthropic from '@anthropic-ai/sdk'
import { eachQuestion, serve } from './driver.mjs'

const client = new Anthropic()

const fields = ({ model, maxTokens, system }) => ({
  model,
  max_tokens: maxTokens,
  ...(system && { system }),
})

const answerOf = ({ content, stop_reason }) => ({
  text: content.map((block) => block.text ?? '').join(''),
  stop: stop_reason,
})

/** ask: sends a body and resolves to the whole message; the answers are appended as they came. */
const talk = (scenario, ask) => {
  const messages = []
  return eachQuestion(scenario, async (question) => {
    messages.push({ role: 'user', content: question })
    const message = await ask({ ...fields(scenario), messages })
    messages.push({ role: 'assistant', content: message.content })
    return answerOf(message)
  })
}

const whole = (scenario) => talk(scenario, (body) => client.messages.create(body))

await serve({
  plain: whole,
  turns: whole,
  overloaded: whole,
  unauthorized: whole,
  stream: (scenario) => talk(scenario, (body) => client.messages.stream(body).finalMessage()),
  tools: async (scenario) => {
    const { name, description, schema, result } = scenario.tool
    const messages = [{ role: 'user', content: scenario.questions[0] }]
    const tools = [{ name, description, input_schema: schema }]
    const answers = []
    for (;;) {
      const message = await client.messages.create({ ...fields(scenario), messages, tools })
      answers.push(answerOf(message))
      const calls = message.content.filter((block) => block.type === 'tool_use')
      if (calls.length === 0) return { answers }
      const results = calls.map(({ id }) => ({
        type: 'tool_result',
        tool_use_id: id,
        content: result,
      }))
      messages.push(
        { role: 'assistant', content: message.content },
        { role: 'user', content: results },
      )
    }
  },
  thread: (scenario) => {
    const thread = client.beta.messages.thread(fields(scenario))
    return eachQuestion(scenario, async (question) =>
      answerOf(await thread.send({ role: 'user', content: question })),
    )
  },
  abort: async (scenario) => {
    const messages = [{ role: 'user', content: scenario.questions[0] }]
    const stream = client.messages.stream({ ...fields(scenario), messages })
    stream.on('text', () => stream.abort())
    await stream.done()
    return { answers: [] }
  },
})
