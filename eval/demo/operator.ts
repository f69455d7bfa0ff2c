/** The demo's operator: the server program on a real port, and its own commands. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import type { JobSpecInput, JobView } from '../../adapters/wire/jobs.ts'
import { type Processes, startListening } from '../programs/processes.ts'

export type Operator = {
  readonly url: string
  createTokens(count: number): Promise<string[]>
  createJob(spec: JobSpecInput): Promise<string>
  /** Resolves with the job once it has completed; E_JOB_STATE when it ended otherwise. */
  waitForJob(id: string): Promise<JobView>
  /** Writes the bytes of a release and returns the file's path. */
  saveRelease(hash: string): Promise<string>
}

export const startServer = async (processes: Processes, folder: string): Promise<Operator> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const args = [
    ...['serve', '--data', folder, '--port', '0', '--tick-ms', '50', '--log-level', 'warn'],
    ...['--retry-soon-ms', '150', '--retry-later-ms', '400', '--least-cohort', '1'],
  ]
  const url = await startListening(processes, 'server/cli', args)
  const operate = async (...command: string[]): Promise<string> =>
    (await processes.run('server/cli', [...command, '--server', url, '--data', folder, '--json']))
      .stdout

  return {
    url,
    async createTokens(count) {
      const answer = JSON.parse(await operate('token', 'create', '--count', String(count))) as {
        tokens: string[]
      }
      return answer.tokens
    },
    async createJob(spec) {
      const file = join(folder, `${spec.name.replaceAll(/\W+/g, '-')}.json`)
      writeFileSync(file, JSON.stringify(spec, null, 2))
      return readJob(await operate('job', 'create', '--file', file)).id
    },
    async waitForJob(id) {
      const job = readJob(await operate('job', 'wait', id))
      if (job.state !== 'completed')
        throw new FedError(
          'E_JOB_STATE',
          `job ${job.spec.name} ended as ${job.state}: ${job.reason}`,
        )
      return job
    },
    async saveRelease(hash) {
      const file = join(folder, `${hash.slice(0, 12)}.release`)
      await operate('release', 'get', hash, '--out', file)
      return file
    },
  }
}

const readJob = (text: string): JobView => {
  const answer = JSON.parse(text) as JobView | { job: JobView }
  return 'job' in answer ? answer.job : answer
}
