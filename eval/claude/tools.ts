/** When the mock calls a tool, and with what. */
import type { ToolUseBlock, WebSearchBlock } from './blocks.ts'
import { blocksOf, lastTurn, type MessagesBody, type Tool, textOf } from './wire.ts'

/** What the server runs itself is never left to the app. */
const SERVER_TOOL = /^(web_search|web_fetch|code_execution|tool_search|advisor|mcp_toolset)/

/**
 * The tool to call: forced by tool_choice, or named in the user's last message; undefined for a
 * text answer.
 */
export const toolToCall = (body: MessagesBody): Tool | undefined => {
  const tools = toolsInPlay(body).filter((t) => !SERVER_TOOL.test(t.type ?? ''))
  const choice = body.tool_choice?.type ?? 'auto'
  const last = lastTurn(body.messages)
  if (tools.length === 0 || choice === 'none' || last === undefined) return undefined
  if (choice === 'tool') return tools.find((t) => t.name === body.tool_choice?.name)
  const text = textOf(last.content).toLowerCase()
  const named = tools.find((t) => {
    const name = t.name.toLowerCase()
    return text.includes(name) || text.includes(name.replaceAll(/[_-]/g, ' '))
  })
  const asked = named ?? (/\buse (the|a|your) tools?\b/.test(text) ? tools[0] : undefined)
  return choice === 'any' ? (asked ?? tools[0]) : asked
}

/** The request's own, with what system messages have added and taken away since. */
const toolsInPlay = ({ tools = [], messages }: MessagesBody): Tool[] => {
  const inPlay = new Map(tools.filter((t) => !t['defer_loading']).map((t) => [t.name, t]))
  for (const { role, content } of messages) {
    if (role !== 'system') continue
    for (const block of blocksOf(content)) {
      const tool = (block['tool'] ?? {}) as { name?: string; definition?: Tool }
      const added = tool.definition ?? tools.find((t) => t.name === tool.name)
      if (block.type === 'tool_addition' && added) inPlay.set(added.name, added)
      if (block.type === 'tool_removal') inPlay.delete(tool.name ?? '')
    }
  }
  return [...inPlay.values()]
}

/** The server's own search, where the user asks for one and a tool allows it. */
export const webSearch = (
  { tools = [], messages }: MessagesBody,
  id: string,
): readonly [ToolUseBlock, WebSearchBlock] | readonly [] => {
  const last = messages.findLast((m) => m.role !== 'system')
  const isAsked = last?.role === 'user' && /search the web/i.test(textOf(last.content))
  if (!isAsked || !tools.some((t) => t.type?.startsWith('web_search_'))) return []
  const use = {
    type: 'server_tool_use',
    id: `srvtoolu_${id}`,
    name: 'web_search',
    input: { query: textOf(last.content).slice(0, 80) },
  } as const
  const found = {
    type: 'web_search_result',
    url: 'https://example.com/found',
    title: 'What was found',
    encrypted_content: 'bm90aGluZw==',
    page_age: null,
  }
  return [use, { type: 'web_search_tool_result', tool_use_id: use.id, content: [found] }]
}

/** The text of a tool's result when the conversation ends with one. */
export const toolResultText = (body: MessagesBody): string | undefined => {
  const last = lastTurn(body.messages)
  const result =
    last === undefined ? undefined : blocksOf(last.content).find((b) => b.type === 'tool_result')
  if (result === undefined) return undefined
  const content = result['content']
  if (typeof content === 'string') return content
  return Array.isArray(content) ? content.map((b: { text?: string }) => b.text ?? '').join(' ') : ''
}

type Property = { type?: string; enum?: unknown[] }

/** Arguments that fit the tool's schema, taken from the message where its words allow. */
export const toolInput = (
  tool: Pick<Tool, 'input_schema'>,
  message: string,
): Record<string, unknown> => {
  const properties = (tool.input_schema?.['properties'] ?? {}) as Record<string, Property>
  const numbers = message.match(/-?\d+(\.\d+)?/g) ?? []
  const phrase =
    /["“]([^"”]+)["”]/.exec(message)?.[1] ??
    /\b(?:in|for|of|about) ([\p{L}\p{N} -]+)/u.exec(message)?.[1]?.trim()
  return Object.fromEntries(
    Object.entries(properties).map(([name, { type, enum: allowed }]) => {
      if (allowed !== undefined)
        return [
          name,
          allowed.find((a) => message.toLowerCase().includes(String(a).toLowerCase())) ??
            allowed[0],
        ]
      if (type === 'integer' || type === 'number') return [name, Number(numbers.shift() ?? 1)]
      if (type === 'boolean') return [name, true]
      if (type === 'array') return [name, []]
      if (type === 'object') return [name, {}]
      return [name, phrase ?? message.slice(0, 80)]
    }),
  )
}
