import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { closeListener } from '../../../adapters/node/listener.ts'

/** A server whose answer stays open, and a request that has begun to hear it. */
const answering = async () => {
  let answer: ServerResponse | undefined
  const server = createServer((_, response) => {
    answer = response
    response.write('begun ')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}`)
  return { server, text: response.text(), answer: () => answer! }
}

test('an answer under way may end', async () => {
  const { server, text, answer } = await answering()
  const closed = closeListener(server, 60_000)
  answer().end('and ended')
  await closed
  expect(await text).toBe('begun and ended')
})

test('one that does not end is cut when its time is over', async () => {
  const { server, text } = await answering()
  const cut = expect(text).rejects.toThrow()
  await closeListener(server, 10)
  await cut
})

test('a server that is closed already is no failure', async () => {
  await closeListener(createServer(), 10)
})
