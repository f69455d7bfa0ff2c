/** A device on a real port before a Claude of a few lines, and a client that sends any bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { serveApi } from '../../../device/api/serve.ts'
import { type HttpTransport, openTransport } from '../../../device/http/transport.ts'
import type { OutboxEntry } from '../../../device/store/outbox.ts'
import { DEVICE_TOKEN, fakeDevice, fakeInspection, OWN_KEY, planOf } from './fakes.ts'

const open: (() => unknown)[] = []

/** Closes what was opened here, the last first. */
export const closeAll = async (): Promise<void> => {
  for (const close of open.splice(0).reverse()) await close()
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/**
 * A device that adds nothing, before a Claude; port: the device's; sent: its log of what left.
 * transport: in the place of the device's own.
 */
export const deviceBefore = async (
  handler: Handler,
  transport: HttpTransport = openTransport({}),
) => {
  const claude = createServer(handler)
  await new Promise<void>((resolve) => claude.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    claude.closeAllConnections()
    claude.close()
  })
  const sent: OutboxEntry[] = []
  const { device, answers } = fakeDevice({
    rewrite: async () => ({
      decisionId: 'd1',
      system: null,
      block: null,
      preferences: [],
      reason: 'none_relevant',
    }),
    planCandidates: () => planOf(1),
  })
  const api = await serveApi(
    {
      device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: OWN_KEY,
      claudeUrl: `http://127.0.0.1:${(claude.address() as AddressInfo).port}`,
      transport,
      clock: () => 0,
      logOutgoing: (entry) => void sent.push(entry),
      report: () => {},
      settings: { retries: 0 },
    },
    0,
  )
  open.push(() => api.close())
  return { port: api.port, url: `http://127.0.0.1:${api.port}`, sent, answers }
}

/** Sends these very bytes and what more sends; the first bytes of the answer. */
export const sendRaw = (
  port: number,
  text: string,
  more: (socket: Socket) => void = () => {},
): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text)
      more(socket)
    })
    open.push(() => socket.destroy())
    socket.on('error', reject)
    socket.once('data', (data) => resolve(data.toString('latin1')))
  })
