/** The mock in this process: requests to Anthropic's own address never leave it. */
import { http } from 'msw'
import { setupServer } from 'msw/node'
import type { MockClaude } from '../../../eval/claude/claude.ts'

/** Takes over https://api.anthropic.com for this process until close; other requests pass. */
export const interceptClaude = (claude: MockClaude): { close(): void } => {
  const server = setupServer(
    http.all('https://api.anthropic.com/*', async ({ request }) => claude.fetch(request)),
  )
  server.listen({ onUnhandledRequest: 'bypass' })
  return { close: () => server.close() }
}
