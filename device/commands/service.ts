/** `loreweave service`: the agent as a systemd user unit or a launchd agent, begun at login. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { isHome } from '../agent/home.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { type CommonOptions, folderOf, withHome } from './context.ts'
import type { Io } from './io.ts'

type ServiceOptions = CommonOptions & { cache?: string; print?: boolean }

/** program: node, its arguments and the command line's own file, absolute. writable: folders beside home and cache. */
export type ServicePlan = {
  readonly program: readonly string[]
  readonly home: string
  readonly cache: string
  readonly writable: readonly string[]
}

export const UNIT = 'loreweave.service'
export const LABEL = 'app.loreweave.agent'

/** Where the unit of this user is kept; null where there is neither systemd nor launchd. */
export const servicePath = (platform: NodeJS.Platform = process.platform): string | null =>
  platform === 'linux'
    ? join(homedir(), '.config', 'systemd', 'user', UNIT)
    : platform === 'darwin'
      ? join(homedir(), 'Library', 'LaunchAgents', `${LABEL}.plist`)
      : null

export const serviceCommand = (io: Io): Command => {
  const command = new Command('service').description(
    'the agent at every login: a systemd user unit, or a launchd agent',
  )
  withHome(command.command('install'))
    .description('write the unit, and begin it now and at every login')
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
    .option('--print', 'print the unit and change nothing')
    .addHelpText(
      'after',
      '\nA service has no $ANTHROPIC_API_KEY: apps that send the device token need a key kept by `loreweave init --claude-key-file`.\n\nExample:\n  loreweave service install',
    )
    .action((options: ServiceOptions) => {
      const plan = planOf(io, options)
      const path = requirePath()
      const text = process.platform === 'darwin' ? launchdPlist(plan) : systemdUnit(plan)
      if (options.print) {
        io.out(text)
        return
      }
      if (!isHome(plan.home))
        throw new FedError('E_HOME', `${plan.home} is not set up. Run: loreweave init`)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(`${path}.${process.pid}.tmp`, text, { mode: 0o600 })
      renameSync(`${path}.${process.pid}.tmp`, path)
      report(io, options, [`wrote ${path}`, ...runAll(beginning(path))])
    })
  withHome(command.command('uninstall'))
    .description('stop the agent and remove the unit; the home stays')
    .action((options: CommonOptions) => report(io, options, uninstallService()))
  withHome(command.command('status'))
    .description('whether it is installed and running')
    .action((options: CommonOptions) => {
      const path = servicePath()
      const isInstalled = path !== null && existsSync(path)
      const isRunning = isInstalled && isActive()
      io.print(
        options,
        { path, isInstalled, isRunning },
        isInstalled
          ? `installed at ${path}, ${isRunning ? 'running' : 'not running'}`
          : 'not installed (loreweave service install)',
      )
    })
  return command
}

/** What was done, one line each; nothing where none is installed. */
export const uninstallService = (): string[] => {
  const path = servicePath()
  if (path === null || !existsSync(path)) return ['no service was installed']
  const done = runAll(ending(path))
  rmSync(path)
  const after =
    process.platform === 'linux' ? runAll([['systemctl', '--user', 'daemon-reload']]) : []
  return [...done, `removed ${path}`, ...after]
}

const report = (io: Io, options: CommonOptions, done: readonly string[]): void =>
  io.print(options, { done }, done.join('\n'))

const requirePath = (): string => {
  const path = servicePath()
  if (path !== null) return path
  throw new FedError(
    'E_USAGE',
    'services are made for systemd and launchd: start `loreweave agent` yourself',
  )
}

/** The same program again: node with its loaders, and this command line's file. */
const planOf = (io: Io, options: ServiceOptions): ServicePlan => {
  const script = process.argv[1] ?? ''
  const isSource = script.endsWith('.ts')
  const loaders = process.execArgv.filter((argument) => !argument.startsWith('--inspect'))
  return {
    program: [process.execPath, ...loaders, script],
    home: folderOf(io, options),
    cache: options.cache ?? defaultCacheFolder(io.env),
    // From sources the engine's worker is bundled there.
    writable: isSource ? [join(dirname(dirname(script)), 'node_modules', '.cache')] : [],
  }
}

/** A unit for the user's own systemd (systemd.service(5), systemd.exec(5)). */
export const systemdUnit = ({ program, home, cache, writable }: ServicePlan): string =>
  [
    '[Unit]',
    'Description=Loreweave: personalizes Claude on this device',
    'Documentation=man:systemd.service(5)',
    'StartLimitIntervalSec=600',
    'StartLimitBurst=5',
    '',
    '[Service]',
    `ExecStart=${[...program, 'agent', '--json'].map(execWord).join(' ')}`,
    `Environment=${unitWord(`LOREWEAVE_HOME=${home}`)} ${unitWord(`LOREWEAVE_CACHE=${cache}`)}`,
    'Restart=on-failure',
    'RestartSec=30',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    'UMask=0077',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=${[home, `-${cache}`, ...writable.map((path) => `-${path}`)].map(unitWord).join(' ')}`,
    'PrivateTmp=yes',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ].join('\n')

/** Quoted for systemd; % begins a specifier. */
const unitWord = (word: string): string =>
  `"${word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`
/** In a command line $ begins a variable as well. */
const execWord = (word: string): string => unitWord(word).replaceAll('$', '$$$$')

/** launchd.plist(5). */
export const launchdPlist = ({ program, home, cache }: ServicePlan): string => {
  const text = (value: string) => `<string>${escapeXml(value)}</string>`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    `  <key>Label</key>${text(LABEL)}`,
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...[...program, 'agent', '--json'].map((argument) => `    ${text(argument)}`),
    '  </array>',
    '  <key>EnvironmentVariables</key>',
    '  <dict>',
    `    <key>LOREWEAVE_HOME</key>${text(home)}`,
    `    <key>LOREWEAVE_CACHE</key>${text(cache)}`,
    '  </dict>',
    '  <key>RunAtLoad</key><true/>',
    '  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>',
    '  <key>ThrottleInterval</key><integer>30</integer>',
    '  <key>Umask</key><integer>63</integer>',
    `  <key>StandardErrorPath</key>${text(join(home, 'agent.log'))}`,
    '</dict>',
    '</plist>',
    '',
  ].join('\n')
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const guiDomain = (): string => `gui/${process.getuid?.() ?? 0}`

const beginning = (path: string): string[][] =>
  process.platform === 'darwin'
    ? [['launchctl', 'bootstrap', guiDomain(), path]]
    : [
        ['systemctl', '--user', 'daemon-reload'],
        ['systemctl', '--user', 'enable', '--now', UNIT],
      ]

const ending = (path: string): string[][] =>
  process.platform === 'darwin'
    ? [['launchctl', 'bootout', guiDomain(), path]]
    : [['systemctl', '--user', 'disable', '--now', UNIT]]

const isActive = (): boolean => {
  const [program = '', ...args] =
    process.platform === 'darwin'
      ? ['launchctl', 'print', `${guiDomain()}/${LABEL}`]
      : ['systemctl', '--user', 'is-active', '--quiet', UNIT]
  return runQuietly(program, args) === null
}

/** One line each: what was run, or what did not work and is left to the user. */
const runAll = (commands: readonly string[][]): string[] =>
  commands.map((command) => {
    const [program = '', ...args] = command
    const problem = runQuietly(program, args)
    const line = command.join(' ')
    return problem === null ? `ran ${line}` : `could not run ${line}: ${problem}. Run it yourself`
  })

/** null where it worked, else the last line of what was said. */
const runQuietly = (program: string, args: readonly string[]): string | null => {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 })
    return null
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string }
    return (stderr?.toString().trim() || message).split('\n').at(-1)!.replace(/\.$/, '')
  }
}
