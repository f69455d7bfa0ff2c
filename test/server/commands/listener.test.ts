import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openListener } from '../../../server/commands/listener.ts'

const first = new URL('../../device/http/certificates/', import.meta.url)
const second = new URL('./certificates/', import.meta.url)

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const listening = async (lookMs?: number) => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-tls-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const write = (cert: string | Buffer, key: string | Buffer) => {
    writeFileSync(files.cert, cert)
    writeFileSync(files.key, key)
  }
  write(readFileSync(new URL('server.pem', first)), readFileSync(new URL('server.key', first)))
  const log: string[] = []
  const listener = openListener(
    async () => new Response('hello'),
    files,
    (_, event) => void log.push(event),
    lookMs,
  )
  const { server } = listener
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  ends.push(() => new Promise((resolve) => server.close(resolve)), listener.close)
  const { port } = server.address() as AddressInfo
  /** The common name of what it shows. */
  const shown = () =>
    new Promise<string | undefined>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
        const { subject, subjectaltname } = socket.getPeerCertificate()
        socket.end()
        resolve(`${subject?.CN} ${subjectaltname}`)
      })
      socket.on('error', reject)
    })
  const renew = () =>
    write(readFileSync(new URL('second.pem', second)), readFileSync(new URL('second.key', second)))
  return { ...listener, files, write, renew, shown, log }
}

describe('a server with a certificate', () => {
  test('shows it, and after a reload the new one', async () => {
    const { shown, renew, reload, log } = await listening()
    expect(await shown()).toContain('DNS:federation.test')
    renew()
    expect(await shown()).toContain('DNS:federation.test')
    reload()
    expect(await shown()).toContain('DNS:second.test')
    expect(log).toEqual(['tls_reloaded'])
  })

  test('looks itself whether the files have changed', async () => {
    const { shown, renew } = await listening(20)
    renew()
    await vi.waitFor(async () => expect(await shown()).toContain('DNS:second.test'), 10_000)
  })

  test('serves on with the old one where the new files are none', async () => {
    const { shown, write, reload, log } = await listening()
    write('not a certificate', 'not a key')
    reload()
    expect(await shown()).toContain('DNS:federation.test')
    expect(log).toEqual(['tls_not_reloaded'])
  })

  test.each<[string, string, string]>([
    ['no such file', 'cert.pem', 'missing.pem'],
    ['a key that is none', 'cert.pem', 'cert.pem'],
  ])('does not start with %s: E_USAGE', async (_, cert, key) => {
    const { files } = await listening()
    const folder = join(files.cert, '..')
    const broken = { cert: join(folder, cert), key: join(folder, key) }
    expect(() =>
      openListener(
        async () => new Response(),
        broken,
        () => {},
      ),
    ).toThrowError(expect.objectContaining({ code: 'E_USAGE' }))
  })
})
