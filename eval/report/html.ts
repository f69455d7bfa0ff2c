import type { RunReport } from './data.ts'
export const htmlReport = (report: RunReport): string => JSON.stringify(report)
