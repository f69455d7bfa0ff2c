import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchdPlist, systemdUnit, UNIT } from '../../../device/commands/service.ts'
import { temporaryFolder } from '../agent/fixture.ts'
import { call } from '../cli-call.ts'
import { run } from '../cli-process.ts'

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

const hasVerify = spawnSync('systemd-analyze', ['--version']).status === 0
test.skipIf(!hasVerify)('systemd finds nothing wrong with the unit', () => {
  const path = join(folder, UNIT)
  writeFileSync(path, systemdUnit({ ...plan(folder), program: [process.execPath, '/o/cli.js'] }))
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
