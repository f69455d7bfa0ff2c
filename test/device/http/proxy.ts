/** A CONNECT proxy of a few lines, and what stands behind it. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const certificates = fileURLToPath(new URL('certificates', import.meta.url))

/** The authority of `TLS`, which nobody trusts. */
export const AUTHORITY = join(certificates, 'ca.pem')

/** For `claude.test`, `federation.test`, `localhost` and 127.0.0.1. */
export const TLS = {
  cert: readFileSync(join(certificates, 'server.pem')),
  key: readFileSync(join(certificates, 'server.key')),
}

export type OpenProxy = {
  readonly port: number
  /** The authorities that it was asked for, in order, and the credentials that came. */
  readonly asked: string[]
  readonly credentials: (string | undefined)[]
  close(): void
}

type ProxyOptions = {
  /** Where each authority is; others are refused with 403. */
  readonly ports?: Readonly<Record<string, number>>
  /** Answers so instead, or never. */
  readonly answer?: string | null
  readonly isSecure?: boolean
}

export const openProxy = async (options: ProxyOptions = {}): Promise<OpenProxy> => {
  const { ports = {}, answer, isSecure = false } = options
  const asked: string[] = []
  const credentials: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const server = isSecure ? createSecure(TLS) : createServer()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '')
    credentials.push(request.headers['proxy-authorization'])
    socket.on('error', () => {})
    if (answer === null) return
    const port = ports[request.url ?? '']
    if (answer !== undefined || port === undefined) {
      socket.end(answer ?? 'HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n<html>')
      return
    }
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    sockets.add(onward)
    onward.on('error', () => socket.destroy())
  })
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: await listen(server), asked, credentials, close }
}

export const listen = (server: Pick<Server, 'listen' | 'address'>): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
