/** The programs that the global set-up has bundled. */
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Program } from '../../eval/programs/processes.ts'

declare module 'vitest' {
  interface ProvidedContext {
    programs: string
  }
}

/** Processes of tests alone. */
type Script =
  | 'test/support/contributing-device'
  | 'test/support/dying-server'
  | 'test/support/engine-parent'
  | 'test/support/lock-holder'
  | 'test/support/train-child'

/** Only for files that `vitest.config.ts` lists among those that start processes. */
export const programFile = (program: Program | Script): string => {
  const folder: string | undefined = inject('programs')
  if (!folder) throw new Error('nothing is bundled: add this file to the list in vitest.config.ts')
  return join(folder, `${program}.js`)
}

/** For `createProcesses`. */
export const programCommand = (program: Program) => ({
  command: process.execPath,
  args: [programFile(program)],
})
