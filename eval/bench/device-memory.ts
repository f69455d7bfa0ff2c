/** What a served device holds: after it has ordered some answers, and at rest. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { localApi } from '../demo/showcase.ts'
import type { Result } from '../measure/results.ts'
import { ownChildren, sumOf } from '../programs/memory.ts'
import { createProcesses, startListening } from '../programs/processes.ts'
import { temporaryFolder } from '../programs/temporary-folder.ts'
import { bytesResult } from './alternate.ts'
import { benchChoices } from './choices.ts'
import type { Bench } from './context.ts'

/** A device without a choice orders nothing. */
const CHOICES = 6

/** At rest only the program is left: idle engine processes end. None if unknown. */
export const deviceMemory = async ({ name, cache, threads }: Bench): Promise<Result[]> => {
  const folder = temporaryFolder('home')
  const home = folder.path
  const processes = createProcesses()
  const place = ['--home', home]
  try {
    const [person] = benchChoices({ users: 1, train: CHOICES, test: 1, shown: 4, seed: 1 })
    const data = join(home, 'choices.jsonl')
    writeFileSync(data, person!.train.map((choice) => `${JSON.stringify(choice)}\n`).join(''))
    const device = (...args: string[]) => processes.run('device/cli', [...args, ...place])
    await device('init', '--model', name, '--threads', `${threads}`)
    await device('train', '--data', data, '--cache', cache)
    const serve = ['serve', '--port', '0', '--cache', cache, ...place]
    const url = await startListening(processes, 'device/cli', serve)
    const ask = localApi(url, readFileSync(join(home, 'device-token'), 'utf8').trim())
    const { messages, candidates } = person!.test[0]!
    await ask('/v1/rerank', { messages, candidates })
    const pids = ownChildren([])
    const working = await sumOf(pids)
    if (working === 0) return []
    return [
      bytesResult('bench.load.device_pss', working),
      bytesResult('bench.load.device_at_rest_pss', await sumOf(pids.slice(0, 1))),
    ]
  } finally {
    await processes.stopAll()
    folder.remove()
  }
}
