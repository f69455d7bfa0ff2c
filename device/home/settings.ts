/**
 * The settings of a device with bounds, defaults and descriptions: the `settings` object of
 * config.json.
 */
import { z } from 'zod'
import { Region } from '../../adapters/wire/job-life.ts'

const Usd = z.number().min(0).max(1_000_000)
const Price = z.strictObject({
  input: Usd,
  output: Usd,
  cacheWrite: Usd,
  cacheRead: Usd,
  cacheWriteHour: Usd.optional(),
})
const CLOCK_TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d'

/** Request paths are appended to it. A user name in it would not be sent. */
export const ServerAddress = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .refine(
    (text) => !/^[^/]*\/\/[^/]*@|[?#]/.test(text),
    'expected an address without a user, ? or #',
  )

/** The host of an address: a name or an IP address, with brackets for version 6. */
const HostName = z
  .string()
  .max(260)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i,
    'expected a host name, without http://',
  )

/** unset: the default. */
const flag = (unset: boolean) => z.boolean().default(unset)
const whole = (least: number, most: number, unset: number) =>
  z.int().min(least).max(most).default(unset)
const wholeOrNull = (least: number, most: number, unset: number | null) =>
  z.int().min(least).max(most).nullable().default(unset)
const decimal = (least: number, most: number, unset: number) =>
  z.number().min(least).max(most).default(unset)

export const AgentSettings = z.strictObject({
  auto: flag(true).describe('Whether the agent trains and takes part in rounds by itself.'),
  charging: flag(true).describe(
    'Work only while charging. A machine without a battery always counts as charging.',
  ),
  idleMinutes: whole(0, 1440, 10).describe(
    'Work only after this many minutes without user input; 0: at any time. If input cannot ' +
      'be detected, most of the processor must have been free for as long.',
  ),
  hours: z
    .string()
    .regex(
      new RegExp(`^${CLOCK_TIME}-${CLOCK_TIME}$`),
      'expected hours such as "22:00-07:00", or null',
    )
    .nullable()
    .default(null)
    .describe('Work only in these hours of local time, such as "22:00-07:00"; null: at any hour.'),
  maxCelsius: wholeOrNull(30, 120, 85).describe(
    'Stop while the hottest processor sensor is above this many degrees, until it is 5 ' +
      'below; null: never.',
  ),
  metered: flag(false).describe('Whether rounds may use a network that is marked as metered.'),
  joulesPerDay: wholeOrNull(0, 1_000_000_000, 100_000).describe(
    'Energy that the agent may spend in a day, in joules (100000 are 28 watt-hours); null: ' +
      'no limit.',
  ),
  wattsPerCore: decimal(0.1, 100, 6).describe(
    'Power of one busy core, used if neither the processor nor a battery reports energy. 6 ' +
      'W is assumed, not measured: laptops are nearer 4, desktops nearer 10.',
  ),
  newChoices: whole(1, 10_000, 10).describe(
    'New choices after which the private adapter is trained again.',
  ),
  lookSeconds: whole(5, 3600, 60).describe(
    'Seconds between two checks of the agent whether it may work.',
  ),
})
export type AgentSettings = z.infer<typeof AgentSettings>

export const DeviceSettings = z.strictObject({
  candidates: whole(1, 4, 4).describe(
    'Most answers asked of Claude for one request; 1 switches rerank off.',
  ),
  extraTokensPerDay: whole(0, 1_000_000_000, 500_000).describe(
    'Tokens that answers beyond the first may use in 24 hours.',
  ),
  extraUsdPerDay: decimal(0, 1_000_000, 1).describe(
    'US dollars that answers beyond the first may cost in 24 hours.',
  ),
  prices: z
    .record(z.string().min(1).max(100), Price)
    .default({})
    .describe(
      "Prices in US dollars per million tokens, by the beginning of a model's name; they " +
        'outrank the built-in table. For example {"claude-x": {"input": 3, "output": 15, ' +
        '"cacheWrite": 3.75, "cacheRead": 0.3}}.',
    ),
  tools: z
    .enum(['block', 'off'])
    .default('block')
    .describe(
      'Requests with tools: "block" adds the preference block as to any other (one answer, ' +
        'nothing reordered); "off" leaves them alone.',
    ),
  shadow: flag(false).describe(
    "Decide and record, but return Claude's first answer (further answers are still paid for).",
  ),
  asksPerDay: whole(0, 1000, 2).describe(
    'Most questions a day to the user: what answers should be like, and which of two answers ' +
      'is better. They are on the page and in GET /v1/questions; an app that is advised to show ' +
      'two answers counts too. Answers that are only asked about are bought within the budget. ' +
      '0: never.',
  ),
  explore: decimal(0, 0.5, 0.05).describe(
    'Share of rerank decisions whose leader is drawn at random among promising answers, so ' +
      'that feedback is not only about the favourite.',
  ),
  maxTokens: whole(16, 4096, 384).describe(
    'Tokens of an answer with its prompt that the local model reads.',
  ),
  maxChoices: whole(1, 10_000, 300).describe('Most recent choices that training reads.'),
  storeMegabytes: whole(16, 100_000, 256).describe(
    'Megabytes of texts and decisions that the home stores. The oldest decisions go first, ' +
      'choices only if they alone exceed it. Recomputable data takes up to a thirty-second ' +
      'of it on top.',
  ),
  initialVariance: z
    .number()
    .positive()
    .max(1e6)
    .default(2)
    .describe('Variance of a head weight before a prior has been released.'),
  claudeUrl: ServerAddress.default('https://api.anthropic.com').describe(
    'Where requests to Claude go.',
  ),
  region: Region.nullable()
    .default(null)
    .describe(
      'A region such as "eu", told to a federation server whose job asks for one; null: none.',
    ),
  insecureHttp: flag(false).describe(
    'Whether Claude and the federation server may have http addresses on other computers. ' +
      'Others can then read and change what is sent, keys included.',
  ),
  deadlineMs: whole(10, 60_000, 800).describe(
    'Milliseconds that a request may wait for the local model before it goes to Claude ' +
      'untouched.',
  ),
  rankDeadlineMs: whole(10, 600_000, 5000).describe(
    "Milliseconds that Claude's first answer may wait for further ones, and then again for " +
      'their order, before it is returned.',
  ),
  compareStreams: flag(false).describe(
    'Whether streamed requests may have several answers to choose from too: the app then ' +
      'waits for the last one.',
  ),
  retries: whole(0, 10, 0).describe(
    'Times that the device itself retries after a temporary error; 0: the app retries.',
  ),
  port: whole(0, 65_535, 4141).describe('Port of the local API; 0: a free one.'),
  hosts: z
    .array(HostName)
    .max(20)
    .default([])
    .describe(
      'Further host names of the local API for apps, such as "host.docker.internal" from a ' +
        'container; for a different port, "name:8080". A credential is still required.',
    ),
  listen: z
    .array(z.union([z.ipv4(), z.ipv6()], 'expected an address such as "172.17.0.1"'))
    .max(20)
    .default([])
    .describe(
      'Further addresses to listen on beside 127.0.0.1 and ::1, such as a container ' +
        'bridge\'s "172.17.0.1". Anyone who reaches one and has a Claude key gets answers with ' +
        'your preferences, and nothing is encrypted.',
    ),
  requireToken: flag(false).describe(
    'Whether requests to Claude also need the device token, in x-api-key or in the header ' +
      'loreweave-token. Otherwise anyone who uses this computer and has a Claude key gets ' +
      'answers with your preferences.',
  ),
  cpuShare: decimal(0.1, 1, 1).describe(
    'Share of the time that training may run; scoring is never slowed. Results do not ' +
      'depend on it.',
  ),
  memoryLimit: wholeOrNull(128, 4_000_000, null).describe(
    'Memory limit, in megabytes, of a process with the local model; training uses smaller ' +
      'rows under it. null: the free memory.',
  ),
  quantized: flag(false).describe(
    'Score answers with quantized weights: less memory, but the order may differ in a few ' +
      'requests of a hundred.',
  ),
  rewrite: flag(true).describe('Whether the preference block is added to `system`.'),
  rewriteFree: flag(false).describe(
    "Whether the local model may also propose another wording of the user's message. It is " +
      'accepted only if everything in the message survives, and is never sent automatically.',
  ),
  implicit: flag(true).describe(
    'Whether the device also learns, weakly, from how a conversation continues: the same ' +
      'request again, or "shorter please".',
  ),
  retentionDays: wholeOrNull(1, 36_500, null).describe(
    'Days after which all texts are erased: decisions, feedback, choices (imported ones ' +
      'too) and what was learned from them. null: decisions and feedback go after 90 days; ' +
      'choices stay until they are forgotten.',
  ),
  agent: AgentSettings.prefault({}).describe(
    'When `loreweave agent` may train and take part in rounds by itself.',
  ),
})
export type DeviceSettings = z.infer<typeof DeviceSettings>
export type DeviceSettingsInput = z.input<typeof DeviceSettings>

/**
 * Some of the settings, without defaults for the others. The agent's settings can only be changed
 * in config.json.
 */
export const SettingsChange = z.strictObject(
  Object.fromEntries(
    Object.entries(DeviceSettings.omit({ agent: true }).shape).map(([name, schema]) => [
      name,
      z.optional(schema.unwrap()),
    ]),
  ) as unknown as {
    [K in Exclude<keyof DeviceSettings, 'agent'>]: z.ZodOptional<z.ZodType<DeviceSettings[K]>>
  },
)
