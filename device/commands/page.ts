/**
 * `loreweave page`: opens the page of the running device in the browser, and prints the one-time
 * code to type there. The code is never a program's argument, since every user of the computer can
 * read those.
 */
import { spawn } from 'node:child_process'
import { Command } from 'commander'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import { loopbackTransport, NobodyListens, openClient } from '../api/client.ts'
import { lockHolder } from '../home/lock.ts'
import { type CommonOptions, homeOf, withHome } from './context.ts'
import type { Io } from './io.ts'

type PageOptions = CommonOptions & { port?: number; print?: boolean }

export const pageCommand = (io: Io): Command =>
  withHome(new Command('page'))
    .description('open the page of this device: what it has learned, decided and sent')
    .option('--port <n>', 'port that `loreweave serve` listens on', integer(1, 65_535))
    .option('--print', 'print the address instead of opening a browser')
    .addHelpText(
      'after',
      '\nThe device must be running (loreweave serve). The code works once, within a minute. ' +
        'Printed addresses include it.\n\nExamples:\n  loreweave page\n  loreweave page --print',
    )
    .action(async (options: PageOptions) => {
      const home = homeOf(io, options)
      const port = options.port ?? lockHolder(home.folder)?.port
      if (port === undefined || port === null) throw notRunning(home.folder)
      const base = `http://127.0.0.1:${port}`
      const { code } = await openClient(loopbackTransport(port), home.deviceToken)
        .call('newSessionCode')
        .catch((error) => {
          throw refusalAt(base, error)
        })
      const url = `${base}/#code=${code}`
      const isOpened = !options.print && (await openBrowser(`${base}/`, process.platform, io.env))
      io.print(
        options,
        { url, code, opened: isOpened },
        isOpened
          ? `opened ${base}/\nType this code there within a minute: ${code}`
          : `open this within a minute, once:\n${url}`,
      )
    })

/** E_UNAVAILABLE if nothing answers, E_AUTH if it is another home's device. */
const refusalAt = (base: string, error: unknown): unknown => {
  if (error instanceof NobodyListens) return notRunning(base, error)
  return isFedError(error) && error.code === 'E_AUTH'
    ? new FedError('E_AUTH', `the device at ${base} belongs to another home: see --home, --port`, {
        cause: error,
      })
    : error
}

const notRunning = (where: string, cause?: unknown): FedError =>
  new FedError('E_UNAVAILABLE', `no device answers at ${where}. Run: loreweave serve`, { cause })

/** A started browser may keep running. */
const OPENED_MS = 3000

/** False if there is no browser or no screen. */
const openBrowser = (
  address: string,
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> => {
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'])
    return Promise.resolve(false)
  const [program, ...args] =
    platform === 'darwin'
      ? ['open', address]
      : platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', address]
        : ['xdg-open', address]
  return new Promise((resolve) => {
    const child = spawn(program!, args, { stdio: 'ignore', detached: true, env })
    const end = (isOpened: boolean) => {
      clearTimeout(opened)
      child.unref()
      resolve(isOpened)
    }
    const opened = setTimeout(end, OPENED_MS, true)
    child.on('error', () => end(false))
    child.on('exit', (code) => end(code === 0))
  })
}
