import type { RunReport } from './data.ts'
export const markdownReport = (report: RunReport): string => JSON.stringify(report)
