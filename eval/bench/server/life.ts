/** The life of a simulated device: it checks in, sends what it is assigned, and drops out or repeats. */
import { createHash } from 'node:crypto'
import type {
  Assignment,
  CheckInResponse,
  UploadResponse,
} from '../../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { checkInBytes, type SimDevice, updateBytes, upload } from './device.ts'
import type { Answer, Outgoing, Sender } from './http.ts'
import type { Replicas } from './replicas.ts'

/** What a device does, by the number of the job. */
export type Plan = {
  readonly dropsOut: (device: number, job: number) => boolean
  readonly repeats: (device: number, job: number) => boolean
}

/** What became of all devices. Grows. */
export type Ledger = {
  /** By digest: whose update it is, and of which assignment. */
  readonly accepted: Map<string, { readonly device: number; readonly assignment: Assignment }>
  /** Milliseconds of each answered check-in and upload. */
  readonly checkInMs: number[]
  readonly uploadMs: number[]
  duplicates: number
  /** Requests without an answer, or that a busy server turned away. */
  unanswered: number
  turnedAway: number
}

export const emptyLedger = (): Ledger => ({
  accepted: new Map(),
  checkInMs: [],
  uploadMs: [],
  duplicates: 0,
  unanswered: 0,
  turnedAway: 0,
})

export type World = {
  readonly sender: Sender
  readonly replicas: Pick<Replicas, 'next'>
  /** In the order of their creation; all of one base. */
  readonly jobs: readonly { readonly id: string; readonly spec: JobSpecInput }[]
  readonly plan: Plan
  readonly ledger: Ledger
  readonly signal: AbortSignal
}

/** Until it has sent an update to each job, or dropped out. Fails when it is refused. */
export const live = async (world: World, device: SimDevice): Promise<void> => {
  const { jobs, plan, ledger } = world
  const body = checkInBytes(jobs[0]!.spec)
  for (let sent = 0; sent < jobs.length; ) {
    const answer = await ask(world, ledger.checkInMs, (port) =>
      device.sign(port, 'POST', '/v1/checkin', body),
    )
    const said = JSON.parse(answer.bytes.toString()) as CheckInResponse
    if (said.kind === 'retry') {
      await pause(Math.min(said.retryAfterMs, LONGEST_WAIT_MS))
      continue
    }
    const { assignment } = said
    const job = jobs.findIndex(({ id }) => id === assignment.jobId)
    // A job that it would have dropped out of may have ended before it came.
    if (jobs.some((_, j) => j <= job && plan.dropsOut(device.number, j))) return
    await contribute(world, device, assignment, plan.repeats(device.number, job))
    sent++
  }
}

const contribute = async (
  world: World,
  device: SimDevice,
  assignment: Assignment,
  repeats: boolean,
): Promise<void> => {
  const { ledger } = world
  const bytes = updateBytes(assignment, device.number)
  const digest = createHash('sha256').update(bytes).digest('hex')
  const send = async () => {
    const request = (port: number) => upload(device, port, assignment, bytes)
    const answer = await ask(world, ledger.uploadMs, request)
    return JSON.parse(answer.bytes.toString()) as UploadResponse
  }
  const taken = await send()
  if (taken.digest !== digest) throw new Error(`sent ${digest}, the server took ${taken.digest}`)
  ledger.accepted.set(digest, { device: device.number, assignment })
  if (!repeats) return
  const again = await send()
  if (!again.duplicate) throw new Error(`${digest} was taken twice`)
  ledger.duplicates++
}

const LONGEST_WAIT_MS = 1000
const AGAIN_MS = 100

/** Asks replica after replica until one answers. */
const ask = async (
  { sender, replicas, ledger, signal }: World,
  latencies: number[],
  request: (port: number) => Outgoing,
): Promise<Answer> => {
  for (;;) {
    signal.throwIfAborted()
    const { port } = replicas.next()
    const began = performance.now()
    const answer = await sender.send(port, request(port)).catch(() => null)
    if (answer && answer.status < 300) {
      latencies.push(performance.now() - began)
      return answer
    }
    if (answer && answer.status < 500 && answer.status !== 429)
      throw new Error(`refused with ${answer.status}: ${answer.bytes}`.slice(0, 400))
    if (answer) ledger.turnedAway++
    else ledger.unanswered++
    await pause(Math.min(Math.max(AGAIN_MS, answer?.retryAfterMs ?? 0), LONGEST_WAIT_MS))
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
