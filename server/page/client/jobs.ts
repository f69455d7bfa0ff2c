/** Jobs with their progress as it comes, and what an operator may do with each. */
import { act, changed } from '../../../adapters/page/deeds.ts'
import { button, type Card, type Child, cards, fill, h, part } from '../../../adapters/page/dom.ts'
import { counted, timeNode } from '../../../adapters/page/words.ts'
import type { JobChange, JobView } from '../../../adapters/wire/jobs.ts'
import { confirmed, type Deed, get, mayAct, post } from './api.ts'
import { roundsTable, roundsTimeline } from './rounds.ts'

type Jobs = { readonly jobs: readonly JobView[]; readonly next?: string | null }

/** Of ended jobs at first; a button shows more. */
const ENDED = 5
/** Rounds in a timeline. */
const ROUNDS = 60

export const mountJobs = () => {
  let ended = ENDED
  let known: readonly JobView[] = []
  const show = cards<JobView>('jobs', ({ id }) => id, jobCard)
  const more = button(
    'Show more ended jobs',
    () => {
      ended += 20
      changed.dispatchEvent(new Event('change'))
    },
    { class: 'plain' },
  )
  part('jobs').append(h('p', more))
  const render = (): void =>
    show(known, known.length === 0 ? 'None yet. `loreweave-server job create` makes one.' : '')
  return {
    async look(): Promise<() => void> {
      const query = `order=newest&rounds=${ROUNDS}`
      const [alive, over] = await Promise.all([
        get<Jobs>(`jobs?state=scheduled,running,paused&${query}`),
        get<Jobs>(`jobs?state=completed,failed,cancelled,expired&limit=${ended}&${query}`),
      ])
      return () => {
        known = [...alive.jobs, ...over.jobs]
        more.hidden = !over.next
        render()
      }
    },
    /** Shows the change at once; false where more must be asked for. */
    take(change: JobChange): boolean {
      const job = known.find(({ id }) => id === change.id)
      if (!job) return false
      const next = changedJob(job, change)
      known = known.map((one) => (one === job ? next : one))
      render()
      return next.state === job.state && isSame(job.rounds.at(-1), next.rounds.at(-1))
    },
  }
}

type Newest = JobView['rounds'][number] | undefined
const isSame = (a: Newest, b: Newest): boolean => a?.id === b?.id && a?.phase === b?.phase

const changedJob = (job: JobView, { state, reason, released, round }: JobChange): JobView => ({
  ...job,
  state,
  reason,
  released,
  rounds: job.rounds.map((one) => {
    if (one.id !== round?.id) return one
    const { goal: _, ...now } = round
    return { ...one, ...now }
  }),
})

const jobCard = (first: JobView): Card<JobView> => {
  const node = h('li.card', { id: first.id })
  const [body, rounds, actions] = [h('div'), h('div'), h('div.actions')]
  const details = h('details', h('summary', 'The same as a table'), rounds)
  node.append(body, details, actions)
  let state: JobView['state'] | undefined
  return {
    node,
    update(job) {
      fill(body, ...bodyOf(job))
      details.hidden = job.rounds.length === 0
      if (job.rounds.length > 0) fill(rounds, roundsTable(job))
      if (job.state === state) return
      state = job.state
      const deeds = mayAct() ? DEEDS[job.state] : []
      actions.replaceChildren(...deeds.map((name) => deedButton(job, name)))
      actions.hidden = deeds.length === 0
    },
  }
}

const bodyOf = (job: JobView): Child[] => {
  const { spec, state, reason, waitingFor, createdAt } = job
  return [
    h('div.head', h('h3', spec.name), h(`span.state.${state}` as 'span.state', state)),
    h(
      'p.quiet',
      `${spec.contributions.join(', ')} of ${spec.base.name} · made `,
      timeNode(createdAt),
      ' · ',
      h('code', job.id),
    ),
    reason !== null && h(FAULTS.has(state) ? 'p.reason' : 'p.quiet', reason),
    h(
      'p.progress',
      `${releasedOf(job)} of ${spec.rounds} rounds released`,
      h('progress', {
        max: spec.rounds,
        value: releasedOf(job),
        'aria-label': `rounds of ${spec.name} released`,
      }),
    ),
    openRound(job),
    state === 'running' && waitingFor ? h('p.quiet', `Waits for ${waitingFor}.`) : null,
    job.rounds.length > 0 ? roundsTimeline(job) : h('p.empty', 'No round yet.'),
  ]
}

/** States that wait for an operator. */
const FAULTS: ReadonlySet<JobView['state']> = new Set(['failed', 'expired', 'paused'])

const releasedOf = ({ released, rounds }: JobView): number =>
  released ?? rounds.filter(({ phase }) => phase === 'released').length

const openRound = ({ spec, rounds }: JobView): Child => {
  const open = rounds.findLast(({ phase }) => phase === 'collecting' || phase === 'aggregating')
  if (!open) return null
  const { index, received, assigned, startedAt, deadlineAt } = open
  const { goal, minimum } = spec.cohort
  const end =
    startedAt === null
      ? ['its time begins with its first device']
      : ['until ', timeNode(deadlineAt)]
  return h(
    'p.progress',
    open.phase === 'aggregating'
      ? `Round ${index} is being released: ${received} updates.`
      : h(
          'span',
          `Round ${index}: ${received} of ${goal} updates (at least ${minimum}), ` +
            `${counted(assigned, 'device')} assigned, `,
          spec.masks ? 'updates masked, ' : '',
          ...end,
          '.',
        ),
    h('progress', {
      max: goal,
      value: Math.min(received, goal),
      'aria-label': `updates of round ${index} of ${spec.name}`,
    }),
  )
}

type Name = 'pause' | 'resume' | 'retry' | 'cancel'

const DEEDS: Readonly<Record<JobView['state'], readonly Name[]>> = {
  scheduled: ['pause', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  failed: ['retry'],
  expired: ['retry'],
  completed: [],
  cancelled: [],
}

const WORDS: Readonly<Record<Name, readonly [button: string, done: string]>> = {
  pause: ['Pause', 'It is paused: no devices are assigned, and nothing is released.'],
  resume: ['Resume', 'It goes on.'],
  retry: ['Retry', 'It goes on after its last release.'],
  cancel: ['Cancel', 'It is cancelled.'],
}

const deedButton = ({ id, spec }: JobView, name: Name): HTMLElement => {
  const [text, done] = WORDS[name]
  const work = async () => {
    await post(`jobs/${id}/${name}`)
    return `${spec.name}: ${done}`
  }
  const cancel: Deed = {
    title: `Cancel ${spec.name}?`,
    effects: [
      'The job ends for good, and cannot be resumed or retried.',
      'Its open round is given up, and the updates that came for it are deleted. Releases of earlier ' +
        'rounds stay.',
    ],
    button: 'Cancel the job',
    work,
  }
  return button(text, () => (name === 'cancel' ? void confirmed(cancel) : act(work)), {
    class: name === 'cancel' ? 'danger' : 'plain',
    'aria-label': `${text} ${spec.name}`,
  })
}
