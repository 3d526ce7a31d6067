import { createHash } from 'node:crypto'

const light = `--bg:#f6f8fa;--box:#fff;--text:#1f2328;--soft:#57606a;--line:#d0d7de;--link:#0757b8;--up:#1a7f37;--slow:#8a5d00;--down:#c21f2b;--fix:#0757b8;--none:#6e7781`
const dark = `--bg:#0d1117;--box:#161b22;--text:#e6edf3;--soft:#9da7b1;--line:#30363d;--link:#6cb2ff;--up:#3fb950;--slow:#e0a82e;--down:#ff7b72;--fix:#6cb2ff;--none:#8b949e`

/** The stylesheet of all pages. Every colour of a text has a contrast of at least 4.5 to 1 on its background. */
export const style = `:root{color-scheme:light dark;${light}}
@media(prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
a{color:var(--link)}a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px}
nav ul,ul.plain{list-style:none;margin:0;padding:0}
ul.files{display:flex;gap:1.5rem}ul.files a{display:inline-block;padding:.25rem 0}
nav.choice ul{display:flex;flex-wrap:wrap;gap:.25rem}
a.button{display:inline-block;padding:.5rem 1rem;border:2px solid var(--link);border-radius:.5rem;font-weight:600}
nav.choice a{display:block;min-height:2.5rem;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--box)}
nav.choice a[aria-current]{font-weight:700;color:var(--text);border-color:var(--text)}
.overall{display:flex;gap:.75rem;align-items:center;font-size:1.25rem;font-weight:700;padding:1rem;background:var(--box);border:2px solid;border-radius:.5rem;margin:1rem 0}
.overall svg{flex:none;width:1.75rem;height:1.75rem}
.box{background:var(--box);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:.5rem 0}
.box>p:first-child,.head+p{margin:0}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem}
.state{display:inline-flex;align-items:center;gap:.4rem;font-weight:600}.state svg{width:1em;height:1em;flex:none}
.up{color:var(--up)}.slow,.degraded,.partial{color:var(--slow)}.down{color:var(--down)}.maintenance{color:var(--fix)}.unknown,.waiting,.paused,.none,.empty{color:var(--none)}
.soft{color:var(--soft);font-size:.9rem}
summary{cursor:pointer;padding:.25rem 0;list-style:none}summary::-webkit-details-marker{display:none}summary .soft::before{content:"▸ " / ""}details[open] .soft::before{content:"▾ " / ""}
svg.bars{display:block;width:100%;height:2.25rem}svg.bars path{stroke:currentColor;stroke-width:3;fill:none}
svg.chart{display:block;width:100%;height:10rem}svg.chart .line{fill:none;stroke:var(--link);stroke-width:2;vector-effect:non-scaling-stroke}svg.chart .grid{stroke:var(--line);vector-effect:non-scaling-stroke}
.logo{display:block;max-width:100%;height:auto}
.scroll{overflow-x:auto}.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table{border-collapse:collapse;width:100%;min-width:34rem;font-size:.9rem;overflow-wrap:normal}caption{text-align:start;font-weight:600;padding:.5rem 0}
th,td{text-align:start;padding:.3rem .5rem .3rem 0;border-top:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:end;white-space:nowrap}
.post>p{white-space:pre-line;margin:.5rem 0}.post+.post{border-top:1px solid var(--line);padding-top:.5rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:.5rem 0}dd{margin:0}
@media print{:root{${light}}nav,footer{display:none}.box{break-inside:avoid}}`

export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`
