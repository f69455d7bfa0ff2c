/** Stands between programs and passes requests on, unless network or far side has a bad hour. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/**
 * refused: no connection; hangs: no answer ever; silent: headers, then nothing more; broken: lost
 * in the middle of the answer; slow: each answer a second late; overloaded, failing: statuses of
 * the service; page: a gateway's page of HTML; small: a gateway that takes no body over a megabyte.
 */
const WEATHERS = [
  'fair',
  'refused',
  'hangs',
  'silent',
  'broken',
  'slow',
  'overloaded',
  'limited',
  'failing',
  'page',
  'small',
] as const
export type Weather = (typeof WEATHERS)[number]

/** outcome: the status that was passed back whole; null where none was. */
export type Passed = {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly bytes: number
  status: number | null
}

export type Network = {
  readonly url: string
  readonly passed: Passed[]
  setWeather(weather: Weather): void
  /** Where requests go from now on. */
  setTarget(url: string): void
  close(): Promise<void>
}

const MEGABYTE = 1_048_576
const SLOW_MS = 1000

export const openNetwork = async (target: string, clock: () => number): Promise<Network> => {
  const passed: Passed[] = []
  const sockets = new Set<Socket>()
  let weather: Weather = 'fair'
  let to = target
  const server = createServer((incoming, outgoing) => {
    const entry: Passed = {
      at: clock(),
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      bytes: Number(incoming.headers['content-length'] ?? 0),
      status: null,
    }
    passed.push(entry)
    void meet(weather, to, incoming, outgoing, entry)
  })
  server.on('connection', (socket: Socket) => {
    if (weather === 'refused') {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    setWeather: (next) => {
      weather = next
      // A kept connection would outlive the network.
      for (const socket of sockets) socket.destroy()
    },
    setTarget: (url) => {
      to = url
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

const SERVICE_ERRORS: Partial<Record<Weather, readonly [status: number, type: string]>> = {
  overloaded: [529, 'overloaded_error'],
  limited: [429, 'rate_limit_error'],
  failing: [500, 'api_error'],
}

const meet = async (
  weather: Weather,
  to: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  entry: Passed,
): Promise<void> => {
  const answer = (status: number, type: string, body: string) => {
    incoming.resume()
    entry.status = status
    outgoing.writeHead(status, { 'content-type': type }).end(body)
  }
  const problem = SERVICE_ERRORS[weather]
  if (problem) {
    const error = { type: problem[1], message: 'a bad hour' }
    return answer(problem[0], 'application/json', JSON.stringify({ type: 'error', error }))
  }
  if (weather === 'page')
    return answer(502, 'text/html', '<html><body><h1>502 Bad Gateway</h1></body></html>')
  if (weather === 'small' && entry.bytes > MEGABYTE)
    return answer(
      413,
      'text/html',
      '<html><body><h1>413 Request Entity Too Large</h1></body></html>',
    )
  if (weather === 'hangs') {
    incoming.resume()
    return
  }
  if (weather === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
  passOn(weather, to, incoming, outgoing, entry)
}

const passOn = (
  weather: Weather,
  to: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  entry: Passed,
): void => {
  const url = new URL(incoming.url ?? '/', to)
  const { host: _, ...headers } = incoming.headers
  // Signatures of the federation are over the address that the device knows.
  const onward = request(url, {
    method: incoming.method,
    headers: { ...headers, host: incoming.headers.host ?? url.host },
  })
  onward.on('error', () => outgoing.destroy())
  incoming.on('error', () => onward.destroy())
  outgoing.on('close', () => {
    if (!outgoing.writableEnded) onward.destroy()
  })
  onward.on('response', (answer) => {
    const status = answer.statusCode ?? 502
    outgoing.writeHead(status, answer.headers)
    if (weather === 'silent') {
      outgoing.flushHeaders()
      answer.resume()
      return
    }
    if (weather === 'broken') {
      answer.once('data', (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => outgoing.destroy())
      })
      return
    }
    answer.on('error', () => outgoing.destroy())
    answer.on('end', () => {
      entry.status = status
    })
    answer.pipe(outgoing)
  })
  incoming.pipe(onward)
}
