/**
 * `loreweave doctor`: finds what is wrong with this device and names the command that fixes it.
 * Changes nothing and sends no key and no text.
 */
import { Command } from 'commander'
import { withHome } from './context.ts'
import type { Check, DoctorOptions } from './doctor-checks.ts'
import type { Io } from './io.ts'

export const doctorCommand = (io: Io): Command =>
  withHome(new Command('doctor'))
    .description('check this device, and say how to fix what is wrong')
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
    .option('--offline', 'skip the checks that need the network')
    .addHelpText(
      'after',
      '\nClaude and the federation server only get a HEAD request, without a key or a ' +
        'signature.\nExit code 1 if a check failed.\n\nExample:\n  loreweave doctor --offline',
    )
    .action(async (options: DoctorOptions) => {
      const { examine } = await import('./doctor-checks.ts')
      const checks = (await examine(io, options)).map((check) => forHome(check, options))
      io.print(options, { checks }, checks.map(lineOf).join('\n'))
      if (checks.some(({ state }) => state === 'fail')) io.exitWith(1)
    })

/** Adds --home to the suggested command. */
const forHome = (check: Check, { home }: DoctorOptions): Check => {
  const { mend } = check
  if (home === undefined || !mend?.startsWith('loreweave ') || mend.includes('--home')) return check
  const [command = '', ...comment] = mend.split('   #')
  return { ...check, mend: [`${command} --home ${home}`, ...comment].join('   #') }
}

const SIGNS = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const

const lineOf = ({ name, state, what, mend }: Check): string =>
  `${SIGNS[state]}  ${name.padEnd(11)} ${what}${mend === undefined ? '' : `\n                  fix: ${mend}`}`
