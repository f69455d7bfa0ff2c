/** Progress of a long piece of work. */
export type Progress = {
  readonly step: string
  readonly done?: number
  readonly of?: number
  readonly note?: string
}
