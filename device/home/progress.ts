/** How far a long piece of work is. */
export type Progress = {
  readonly step: string
  readonly done?: number
  readonly of?: number
  readonly note?: string
}
