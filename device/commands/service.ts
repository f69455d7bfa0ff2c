/**
 * `loreweave service`: the agent as a systemd user unit or a launchd agent that starts at login.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import { defaultCacheFolder } from '../engine/model/cache.ts'
import { isHome } from '../home/home.ts'
import { type CommonOptions, folderOf, withHome } from './context.ts'
import type { Io } from './io.ts'
import { networkVariables, shown, VARIABLES, type Variable } from './service-environment.ts'

type ServiceOptions = CommonOptions & { cache?: string; print?: boolean }

/**
 * program: node, its arguments and the script, absolute. writable: folders beside home and cache.
 * network: further variables.
 */
export type ServicePlan = {
  readonly program: readonly string[]
  readonly home: string
  readonly cache: string
  readonly writable: readonly string[]
  readonly network?: readonly Variable[]
}

export const UNIT = 'loreweave.service'
const LABEL = 'app.loreweave.agent'

/** Path of this user's unit; null without systemd and launchd. */
export const servicePath = (platform: NodeJS.Platform = process.platform): string | null =>
  platform === 'linux'
    ? join(homedir(), '.config', 'systemd', 'user', UNIT)
    : platform === 'darwin'
      ? join(homedir(), 'Library', 'LaunchAgents', `${LABEL}.plist`)
      : null

export const serviceCommand = (io: Io): Command => {
  const command = new Command('service').description(
    'start the agent at every login, as a systemd user unit or a launchd agent',
  )
  withHome(command.command('install'))
    .description('write the unit, and start it now and at every login')
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
    .option('--print', 'print the unit and change nothing')
    .addHelpText(
      'after',
      '\nThe service gets HTTPS_PROXY, HTTP_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS as set ' +
        'here: reinstall it when they change.\nIt has no $ANTHROPIC_API_KEY: apps that send ' +
        'the device token need a key stored by `loreweave init ' +
        '--claude-key-file`.\n\nExample:\n  loreweave service install',
    )
    .action((options: ServiceOptions) => {
      const plan = planOf(io, options)
      const path = requirePath()
      if (options.print) {
        io.out(unitOf({ ...plan, network: plan.network?.map(shown) ?? [] }))
        return
      }
      if (!isHome(plan.home))
        throw new FedError('E_HOME', `${plan.home} is not set up. Run: loreweave init`)
      mkdirSync(dirname(path), { recursive: true })
      replaceFileSync(path, unitOf(plan), { mode: 0o600 })
      report(io, options, [`wrote ${path}`, ...told(plan), ...runAll(beginning(path))])
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

/** Returns what was done, one line each. */
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
    'services need systemd or launchd: start `loreweave agent` yourself',
  )
}

const unitOf = (plan: ServicePlan): string =>
  process.platform === 'darwin' ? launchdPlist(plan) : systemdUnit(plan)

/** Describes the service's network variables, one line each. */
const told = ({ network = [] }: ServicePlan): string[] =>
  network.length === 0
    ? ['it gets no proxy and no further authorities: none are set here']
    : network.map((variable) => {
        const { name, value } = shown(variable)
        const isSecret = value !== variable.value
        const isHidden = name === 'NODE_EXTRA_CA_CERTS' && /^\/(?:var\/)?tmp\//.test(value)
        return [
          `it gets ${name}=${value}`,
          ...(isSecret ? ['with the credentials, in a file that only you can read'] : []),
          ...(isHidden ? ['but it has its own /tmp: put the file elsewhere'] : []),
        ].join(', ')
      })

/** Network variables in which an installed unit differs from this environment. */
export const networkDifferences = (unit: string, env: Io['env']): string[] => {
  const here = networkVariables(env)
  const isTold = (variable: Variable) =>
    unit.includes(unitVariable(variable)) || unit.includes(plistLine(variable))
  const isNamed = (name: string) => unit.includes(`"${name}=`) || unit.includes(`<key>${name}<`)
  return VARIABLES.flat().filter((name) => {
    const variable = here.find((one) => one.name === name)
    return variable ? !isTold(variable) : isNamed(name)
  })
}

/** Starts the same program again: node with its loaders, and the script. */
const planOf = (io: Io, options: ServiceOptions): ServicePlan => {
  const script = process.argv[1] ?? ''
  const isSource = script.endsWith('.ts')
  const loaders = process.execArgv.filter((argument) => !argument.startsWith('--inspect'))
  return {
    program: [process.execPath, ...loaders, script],
    home: folderOf(io, options),
    cache: options.cache ?? defaultCacheFolder(io.env),
    network: networkVariables(io.env),
    // Run from sources, the engine bundles its worker there.
    writable: isSource ? [join(dirname(dirname(script)), 'node_modules', '.cache')] : [],
  }
}

/** A unit for the user's own systemd (systemd.service(5), systemd.exec(5)). */
export const systemdUnit = ({
  program,
  home,
  cache,
  writable,
  network = [],
}: ServicePlan): string =>
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
    ...network.map((variable) => `Environment=${unitVariable(variable)}`),
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
const unitVariable = ({ name, value }: Variable): string => unitWord(`${name}=${value}`)
/** In a command line $ begins a variable too. */
const execWord = (word: string): string => unitWord(word).replaceAll('$', '$$$$')

/** launchd.plist(5). */
export const launchdPlist = ({ program, home, cache, network = [] }: ServicePlan): string => {
  const text = (value: string) => `<string>${escapeXml(value)}</string>`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" ' +
      '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    `  <key>Label</key>${text(LABEL)}`,
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...[...program, 'agent', '--json'].map((argument) => `    ${text(argument)}`),
    '  </array>',
    '  <key>EnvironmentVariables</key>',
    '  <dict>',
    plistLine({ name: 'LOREWEAVE_HOME', value: home }),
    plistLine({ name: 'LOREWEAVE_CACHE', value: cache }),
    ...network.map(plistLine),
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

const plistLine = ({ name, value }: Variable): string =>
  `    <key>${name}</key><string>${escapeXml(value)}</string>`

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

/** One line each: what was run, or what failed and is left to the user. */
const runAll = (commands: readonly string[][]): string[] =>
  commands.map((command) => {
    const [program = '', ...args] = command
    const problem = runQuietly(program, args)
    const line = command.join(' ')
    return problem === null ? `ran ${line}` : `could not run ${line}: ${problem}. Run it yourself`
  })

/** null on success, else the last line of the output. */
const runQuietly = (program: string, args: readonly string[]): string | null => {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 })
    return null
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string }
    return (stderr?.toString().trim() || message).split('\n').at(-1)!.replace(/\.$/, '')
  }
}
