/** The frame of a report: one HTML file without anything outside it, light and dark, for screens of any width. */
import { escapeHtml } from './charts.ts'

export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>
${body}
</main></body></html>
`

/** Cells are HTML. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="scroll"><table><thead><tr>${head.map((h) => `<th>${h}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></div>`

/** Names and values are HTML. */
export const tiles = (items: readonly (readonly [name: string, value: string])[]): string =>
  `<div class="tiles">${items.map(([name, value]) => `<div><span>${name}</span><b>${value}</b></div>`).join('')}</div>`

const STYLE = `
:root{color-scheme:light dark;--s0:#7b828c;--s1:#b07d12;--s2:#2f74c0;--s3:#7a57c2;--s4:#1f8a5b;--s5:#0c8f97;--s6:#c2486b;--s7:#a3a9b2;--ink:#1b1e23;--soft:#5a616b;--page:#fff;--card:#f4f5f7;--line:#dfe2e7}
@media(prefers-color-scheme:dark){:root{--s0:#9aa1ab;--s1:#dcaa4a;--s2:#66a5ea;--s3:#a88be8;--s4:#4cc38a;--s5:#46c0c8;--s6:#ea7d9d;--s7:#6f7680;--ink:#e8eaed;--soft:#a3aab4;--page:#13151a;--card:#1d2026;--line:#333842}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,sans-serif}
main{max-width:820px;margin:0 auto;padding:28px 18px 80px}
h1{font-size:28px;line-height:1.25;margin:0 0 4px}h2{margin:42px 0 8px;font-size:20px}h3{margin:22px 0 6px;font-size:16px}
p{margin:8px 0}.lead{color:var(--soft);margin-top:0}.warning{background:color-mix(in srgb,var(--s1) 18%,transparent);border-left:4px solid var(--s1);padding:8px 12px}
ol.findings{padding-left:22px}ol.findings li{margin:8px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:16px 0}
.tiles div{background:var(--card);border-radius:8px;padding:10px 14px}.tiles span{display:block;color:var(--soft);font-size:13px;line-height:1.35}.tiles b{font-size:21px}
.plot{overflow-x:auto}svg{display:block;width:100%;min-width:460px;height:auto}svg text{fill:var(--ink);font-size:13px}svg .value{fill:var(--soft)}
.axis{stroke:var(--soft);stroke-width:1}.grid{stroke:var(--line);stroke-width:1}
.line{fill:none;stroke:var(--c);stroke-width:2.5}circle,rect{fill:var(--c)}.whisker{stroke:var(--c);stroke-width:2;opacity:.75}.dark-whisker{stroke:var(--ink);stroke-width:1.5}
${Array.from({ length: 8 }, (_, i) => `.s${i}{--c:var(--s${i})}`).join('')}.unclear{--c:var(--s0)}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:14px;margin:4px 0 0 46px}.legend span::before{content:"";display:inline-block;width:11px;height:11px;border-radius:3px;background:var(--c);margin-right:6px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
td:not(:first-child){font-variant-numeric:tabular-nums}small,.soft{color:var(--soft)}code{font-size:13px}summary{cursor:pointer}
pre{white-space:pre-wrap;background:var(--card);border-radius:8px;padding:10px 12px;margin:6px 0;font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}td pre{padding:0;background:none;margin:0;min-width:420px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}@media(max-width:700px){.pair{grid-template-columns:1fr}}
@media print{.plot svg{min-width:0}}`
