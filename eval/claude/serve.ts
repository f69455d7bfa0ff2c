/** The mock on a loopback port, for whatever speaks HTTP. */
import { serve } from '@hono/node-server'
import { FedError } from '../../adapters/errors.ts'
import { type ClaudeOptions, createClaude, type MockClaude } from './claude.ts'

export type RunningClaude = {
  readonly url: string
  readonly claude: MockClaude
  close(): Promise<void>
}

/** port 0: any free one. url: the SDK's baseURL, no trailing slash. E_CONFLICT: port taken. */
export const startClaude = (
  options: ClaudeOptions & { readonly port?: number },
): Promise<RunningClaude> =>
  new Promise((resolve, reject) => {
    const claude = createClaude(options)
    const server = serve(
      { fetch: claude.fetch, port: options.port ?? 0, hostname: '127.0.0.1' },
      (address) => {
        const close = () =>
          new Promise<void>((done, fail) => {
            server.close((error) => (error ? fail(error) : done()))
            if ('closeAllConnections' in server) server.closeAllConnections()
          })
        resolve({ url: `http://127.0.0.1:${address.port}`, claude, close })
      },
    )
    server.on('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new FedError(
              'E_CONFLICT',
              `port ${options.port} is taken: pass another, or 0 for any`,
              {
                cause,
              },
            )
          : cause,
      ),
    )
  })
