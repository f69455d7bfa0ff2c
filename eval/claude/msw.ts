/** The mock in this process: requests to Anthropic's own address never leave it. */
import { http } from 'msw'
import { setupServer } from 'msw/node'
import type { MockClaude } from './claude.ts'

/** Takes over https://api.anthropic.com for the whole process until close; every other request passes. */
export const interceptClaude = (claude: MockClaude): { close(): void } => {
  const server = setupServer(
    http.all('https://api.anthropic.com/*', async ({ request }) => claude.fetch(request)),
  )
  server.listen({ onUnhandledRequest: 'bypass' })
  return { close: () => server.close() }
}
