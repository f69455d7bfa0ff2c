/** HTTP over kept connections with as little work for the client as can be, and latencies. */
import { Agent, type ClientRequest, request as httpRequest } from 'node:http'
import { setTimeout } from 'node:timers/promises'

export type Outgoing = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** How a body is sent: as a network brings it, not at once as a loopback does. */
type SendingPace = { readonly bytes: number; readonly everyMs: number }

export type Answer = {
  readonly status: number
  readonly retryAfterMs: number
  readonly bytes: Buffer
}

export type Sender = {
  /** Fails when there is no answer. */
  send(port: number, outgoing: Outgoing, pace?: SendingPace): Promise<Answer>
  close(): void
}

const HOST = '127.0.0.1'
export const originOf = (port: number): string => `http://${HOST}:${port}`

/** connections: to one server at a time; more requests wait. */
export const openSender = (connections: number): Sender => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    send: (port, { method, path, headers, body }, pace) =>
      new Promise((resolve, reject) => {
        const length = body ? { 'content-length': body.length } : {}
        const request = httpRequest(
          { host: HOST, port, method, path, agent, headers: { ...headers, ...length } },
          (response) => {
            const pieces: Buffer[] = []
            response.on('data', (piece: Buffer) => pieces.push(piece))
            response.once('error', reject)
            response.once('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                retryAfterMs: 1000 * Number(response.headers['retry-after'] ?? 0),
                bytes: Buffer.concat(pieces),
              }),
            )
          },
        )
        request.once('error', reject)
        if (pace && body) void sendPaced(request, body, pace)
        else request.end(body)
      }),
    close: () => agent.destroy(),
  }
}

/** Stops where the connection has ended. */
const sendPaced = async (
  request: ClientRequest,
  body: Uint8Array,
  { bytes, everyMs }: SendingPace,
): Promise<void> => {
  for (let at = 0; at < body.length && !request.destroyed; at += bytes) {
    request.write(body.subarray(at, at + bytes))
    await setTimeout(everyMs)
  }
  if (!request.destroyed) request.end()
}
