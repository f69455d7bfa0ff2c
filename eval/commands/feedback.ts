/** `loreweave-eval feedback`: what the device recognises in conversations. */
import type { Command } from 'commander'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { FOLLOW_UP_TEXTS, trainFollowUps } from '../../device/feedback/follow-up-text.ts'
import { followUpReading, poolRequests } from '../../device/preferences/relevance.ts'
import { measureFollowUps, measureStated, type Recognised } from '../labelled/feedback.ts'
import { FOLLOW_UPS_HELD } from '../labelled/follow-ups-held.ts'
import { STATED_HELD } from '../labelled/stated-held.ts'
import { STATED_UNSEEN } from '../labelled/stated-unseen.ts'
import { progress } from '../measure/progress.ts'
import type { Result } from '../measure/results.ts'
import { cacheOption, jsonOption, modelOption, type Print, threadsOption } from './options.ts'

export const addFeedbackCommand = (program: Command, print: Print): void => {
  program
    .command('feedback')
    .description('how well stated preferences and follow-ups on style are recognised')
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async ({ model: name, cache, threads, json }) => {
      const model = await openModel({ cacheFolder: cache, name })
      const engine = openEngine({ folder: model.folder, ...(threads && { threads }) })
      try {
        const pool = (texts: readonly string[]) =>
          poolRequests(engine, model.tokenizer, followUpReading(model), texts)
        progress(`reading ${FOLLOW_UP_TEXTS.length} seeds`)
        const gate = trainFollowUps(await pool(FOLLOW_UP_TEXTS))
        const pooled = await pool(FOLLOW_UPS_HELD.map(([message]) => message))
        const read = measureFollowUps(FOLLOW_UPS_HELD, { gate, pooled })
        const words = measureFollowUps(FOLLOW_UPS_HELD, null)
        print(
          {
            results: [
              ...figures('stated.before', measureStated(STATED_HELD)),
              ...figures('stated.after', measureStated(STATED_UNSEEN)),
              ...figures('follow_up', read),
              { name: 'follow_up.right_way', value: read.rightWay, unit: 'share' },
              ...figures('follow_up.words_alone', words),
            ],
          },
          json,
        )
      } finally {
        await engine.close()
      }
    })
}

const figures = (name: string, { messages, precision, recall }: Recognised): Result[] => [
  { name: `${name}.precision`, value: precision, unit: 'share', n: messages },
  { name: `${name}.recall`, value: recall, unit: 'share', n: messages },
]
