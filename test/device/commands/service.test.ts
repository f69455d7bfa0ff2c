import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  launchdPlist,
  networkDifferences,
  systemdUnit,
  UNIT,
} from '../../../device/commands/service.ts'
import { call } from '../cli-call.ts'
import { run } from '../cli-process.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeAll(() => {
  folder = temporaryFolder()
})
afterAll(() => rmSync(folder, { recursive: true }))

const plan = (home: string) => ({
  program: [process.execPath, '/opt/lw & co/cli.js'],
  home,
  cache: '/home/ada/.cache/loreweave',
  writable: [],
})

test('paths with spaces, quotes, $ and % are written as systemd reads them', () => {
  const unit = systemdUnit({ ...plan('/h/100% "sure"'), program: ['/usr/bin/node', '/o/$x y.js'] })
  expect(unit).toContain('ExecStart="/usr/bin/node" "/o/$$x y.js" "agent" "--json"\n')
  expect(unit).toContain('"LOREWEAVE_HOME=/h/100%% \\"sure\\""')
  expect(unit).toContain('ReadWritePaths="/h/100%% \\"sure\\"" "-/home/ada/.cache/loreweave"\n')
  for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'Restart=on-failure'])
    expect(unit).toContain(`${line}\n`)
})

const NETWORK = [
  { name: 'HTTPS_PROXY', value: 'http://ada:s%40cret@proxy.test:3128' },
  { name: 'no_proxy', value: '.corp,10.0.0.0/8' },
  { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/"our" & ca.pem' },
]

test('the network variables are in both kinds of unit, in their own syntax', () => {
  const unit = systemdUnit({ ...plan('/h'), network: NETWORK })
  expect(unit).toContain('Environment="HTTPS_PROXY=http://ada:s%%40cret@proxy.test:3128"\n')
  expect(unit).toContain('Environment="NODE_EXTRA_CA_CERTS=/etc/\\"our\\" & ca.pem"\n')
  const plist = launchdPlist({ ...plan('/h'), network: NETWORK })
  expect(plist).toContain('<key>no_proxy</key><string>.corp,10.0.0.0/8</string>')
  expect(plist).toContain('<string>/etc/"our" &amp; ca.pem</string>')
})

test('an environment that differs from an installed unit is noticed', () => {
  const env = Object.fromEntries(NETWORK.map(({ name, value }) => [name, value]))
  for (const unit of [systemdUnit, launchdPlist]) {
    const text = unit({ ...plan('/h'), network: NETWORK })
    expect(networkDifferences(text, env)).toEqual([])
    expect(networkDifferences(text, { ...env, HTTPS_PROXY: 'http://new.test' })).toEqual([
      'HTTPS_PROXY',
    ])
    expect(networkDifferences(text, { ...env, no_proxy: undefined })).toEqual(['no_proxy'])
    expect(networkDifferences(text, { ...env, http_proxy: 'http://x' })).toEqual(['http_proxy'])
    expect(networkDifferences(unit(plan('/h')), {})).toEqual([])
  }
})

const hasVerify = spawnSync('systemd-analyze', ['--version']).status === 0
test.skipIf(!hasVerify)('systemd finds nothing wrong with the unit', () => {
  const path = join(folder, UNIT)
  writeFileSync(
    path,
    systemdUnit({ ...plan(folder), program: [process.execPath, '/o/cli.js'], network: NETWORK }),
  )
  mkdirSync(join(folder, 'run'), { mode: 0o700 })
  const { status, stderr } = spawnSync('systemd-analyze', ['--user', 'verify', path], {
    env: { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run'), HOME: folder },
    encoding: 'utf8',
  })
  expect([status, stderr.split('\n').filter((line) => line.includes(UNIT))]).toEqual([0, []])
})

test('the launchd agent is XML with everything escaped, and begins again only after a failure', () => {
  const text = launchdPlist(plan('/h/<a>'))
  expect(text).toContain('<string>/opt/lw &amp; co/cli.js</string>')
  expect(text).toContain('<key>LOREWEAVE_HOME</key><string>/h/&lt;a&gt;</string>')
  expect(text).toContain('<key>SuccessfulExit</key><false/>')
})

test.skipIf(process.platform !== 'linux')(
  'is installed, told of, and removed, where there is no systemd to run it',
  async () => {
    const env = { HOME: folder, PATH: join(folder, 'nothing') }
    const service = (args: string[]) => run(folder, ['service', ...args], { env })
    await call(folder, ['init', '--model', 'tiny'])
    const unit = join(folder, '.config', 'systemd', 'user', UNIT)
    const printed = await service(['install', '--print'])
    expect(existsSync(unit)).toBe(false)
    const installed = await service(['install'])
    expect(installed.code).toBe(0)
    expect(installed.stdout).toContain(`wrote ${unit}`)
    expect(installed.stdout).toContain(
      'could not run systemctl --user enable --now loreweave.service',
    )
    expect(readFileSync(unit, 'utf8')).toBe(printed.stdout)
    expect(JSON.parse((await service(['status', '--json'])).stdout)).toEqual({
      path: unit,
      isInstalled: true,
      isRunning: false,
    })
    expect((await service(['uninstall'])).stdout).toContain(`removed ${unit}`)
    expect(existsSync(unit)).toBe(false)
  },
  60_000,
)

test.skipIf(process.platform !== 'linux')(
  'an installed service keeps proxies and authorities, and no credential of theirs is shown or readable',
  async () => {
    const env = {
      HOME: folder,
      PATH: join(folder, 'nothing'),
      HTTPS_PROXY: 'http://ada:s3cret@proxy.test:3128',
      HTTP_PROXY: 'http://ignored.test',
      http_proxy: 'proxy.test:3128',
      NO_PROXY: '.corp',
      no_proxy: '',
      NODE_EXTRA_CA_CERTS: 'ca.pem',
    }
    await call(folder, ['init', '--model', 'tiny'])
    const unit = join(folder, '.config', 'systemd', 'user', UNIT)
    const printed = await run(folder, ['service', 'install', '--print'], { env })
    const installed = await run(folder, ['service', 'install'], { env })
    for (const { stdout, stderr } of [printed, installed])
      expect(stdout + stderr).not.toContain('s3cret')
    expect(installed.stdout).toContain(
      'it gets HTTPS_PROXY=http://USER:PASSWORD@proxy.test:3128, with the credentials',
    )
    expect(installed.stdout).toContain('it gets http_proxy=proxy.test:3128\n')
    expect(installed.stdout).toContain(`NODE_EXTRA_CA_CERTS=${join(process.cwd(), 'ca.pem')}`)
    const text = readFileSync(unit, 'utf8')
    expect(text).toContain('Environment="HTTPS_PROXY=http://ada:s3cret@proxy.test:3128"')
    expect(text.match(/^Environment=/gm)).toHaveLength(4)
    expect(statSync(unit).mode & 0o777).toBe(0o600)
    const none = { HTTPS_PROXY: '', http_proxy: '', NODE_EXTRA_CA_CERTS: '' }
    const again = await run(folder, ['service', 'install'], { env: { ...env, ...none } })
    expect(again.stdout).toContain('it gets no proxy')
    expect(readFileSync(unit, 'utf8')).not.toContain('s3cret')
    await run(folder, ['service', 'uninstall'], { env })
  },
  60_000,
)
