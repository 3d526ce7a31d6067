import { createHash } from 'node:crypto'

/** Colours for a light and for a dark background. Every colour of a text has a contrast of at least 4.5 to 1. */
const colors = {
  bg: ['#f6f8fa', '#0d1117'],
  box: ['#fff', '#161b22'],
  text: ['#1f2328', '#e6edf3'],
  soft: ['#57606a', '#9da7b1'],
  line: ['#d0d7de', '#30363d'],
  link: ['#0757b8', '#6cb2ff'],
  up: ['#1a7f37', '#3fb950'],
  slow: ['#8a5d00', '#e0a82e'],
  down: ['#c21f2b', '#ff7b72'],
  fix: ['#0757b8', '#6cb2ff'],
  none: ['#636c76', '#9198a1'],
}

const variables = Object.entries(colors).map(([name, [light, dark]]) => `--${name}:light-dark(${light},${dark})`)

/**
 * The stylesheet of all pages. Nothing moves, so there is nothing to reduce for visitors who want less motion. A logo
 * that may be transparent has a light plate in the dark theme, because many logos are dark.
 */
export const style = `:root{color-scheme:light dark;${variables.join(';')}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:58rem;margin:0 auto;padding:0 1rem}
header{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;justify-content:space-between;padding-top:1.5rem}
h1{font-size:1.6rem;line-height:1.25;margin:0;flex:1 1 18rem;overflow-wrap:break-word;max-width:100%}h2{font-size:1.15rem;line-height:1.3;margin:0}h3{font-size:1rem;margin:0}
h1,h2,h3{unicode-bidi:plaintext;text-align:left}section{margin:2rem 0}section>h2{margin-bottom:.6rem}
a{color:var(--link);text-underline-offset:.15em}h3 a{color:inherit;text-decoration-color:var(--line)}h3 a:hover{text-decoration-color:currentColor}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:.25rem}
ul{list-style:none;margin:0;padding:0}
.actions:first-child{flex:1 0 100%;justify-content:space-between}.actions{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center}.actions a:not(.button){padding:.5rem 0}
.button,button,select{font:inherit;font-weight:600;color:var(--link);background:var(--box);border:1px solid var(--line);border-radius:.5rem;padding:.45rem .9rem;text-decoration:none;display:inline-block;max-width:100%}
.button:hover,button:hover{border-color:currentColor}
.overall{display:flex;gap:.75rem;align-items:center;font-size:1.25rem;line-height:1.3;font-weight:700;padding:1.1rem 1.25rem;margin:1.25rem 0;border:2px solid transparent;border-radius:.6rem;background:#57606a;print-color-adjust:exact}
.overall svg{flex:none;width:1.75rem;height:1.75rem}.overall[class]{color:#fff}.overall.up{background:#1a7f37}.overall.slow,.overall.degraded,.overall.partial{background:#8a5d00}.overall.down{background:#c21f2b}.overall.maintenance{background:#0757b8}
.choice{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:2rem 0 .75rem}.choice p{margin:0}
.choice ul{display:flex;flex-wrap:wrap;gap:.25rem}
.choice a{display:block;padding:.45rem .8rem;border:1px solid transparent;border-radius:.5rem;text-decoration:none}.choice a:hover{border-color:var(--line)}
.choice [aria-current]{font-weight:700;color:var(--text);background:var(--box);border-color:var(--text)}
.box{background:var(--box);border:1px solid var(--line);border-radius:.6rem;padding:0 1.25rem;margin:0 0 1rem}
.box>*{margin:0;padding:.9rem 0}.box p{margin:0}.box>*+*{border-top:1px solid var(--line)}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.1rem 1rem}
.state{display:inline-flex;align-items:baseline;gap:.4rem;font-weight:600;font-size:.95rem}.state svg{width:1em;height:1em;flex:none;align-self:center}
.up{color:var(--up)}.slow,.degraded,.partial{color:var(--slow)}.down{color:var(--down)}.maintenance{color:var(--fix)}.unknown,.waiting,.paused,.none,.empty{color:var(--none)}
.head .state{margin-inline-start:auto}.follow{font-size:.9rem}
time{display:inline-block}.soft{color:var(--soft);font-size:.9rem}
summary{cursor:pointer;list-style:none;border-radius:.25rem}summary::-webkit-details-marker{display:none}
summary .more::after{content:" ▸" / ""}details[open]>summary .more::after{content:" ▾" / ""}summary:hover .more{text-decoration:underline}summary>.more:only-child{color:var(--link);font-size:.9rem}
.group>summary{display:flex;flex-wrap:wrap;gap:.1rem 1rem;align-items:center;justify-content:space-between;padding:.8rem 1.25rem;background:var(--box);border:1px solid var(--line);border-radius:.6rem}.group>summary>span{display:flex;flex-wrap:wrap;gap:.1rem 1rem;align-items:center}.group>summary .more{white-space:nowrap}.group{margin:0 0 .6rem}.group[open]>summary{border-radius:.6rem .6rem 0 0}.group>.box{border-top:0;border-radius:0 0 .6rem .6rem;margin:0}
svg.bars{display:block;width:100%;height:2.25rem;margin:.5rem 0 .25rem}.bars path{stroke:currentColor;stroke-width:3;fill:none}
.axis{display:flex;gap:.5rem 1rem;justify-content:space-between;color:var(--soft);font-size:.85rem;text-align:center;line-height:1.35;white-space:nowrap}.axis strong{color:var(--text)}
.legend{margin:.75rem 0 0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;font-size:.85rem}.legend svg{width:4px;height:1.1rem;vertical-align:-.2rem;margin-right:.5rem;display:inline-block}.legend span{color:var(--soft)}
.days{position:relative;border:0;margin:0;min-width:0;padding:0 0 2.1rem;display:grid;grid-template-columns:repeat(auto-fit,minmax(.4rem,1fr));gap:.3rem 2px}
.days label{display:block;cursor:pointer;height:2.25rem}.days svg{width:100%;height:100%;margin:0}.days input{position:absolute;opacity:0;pointer-events:none}
.days label:hover,.days label:has(:checked){background:var(--line);border-radius:2px;box-shadow:0 0 0 2px var(--line)}.days label:has(:focus-visible){outline:3px solid var(--link);outline-offset:1px}
.tip{position:absolute;inset:auto 0 .4rem;opacity:0;pointer-events:none;color:var(--text);font-size:.9rem;line-height:1.4}
.days label:hover .tip,.days:not(:has(label:hover)) :checked~.tip{opacity:1}
@media(pointer:coarse){.days{grid-template-columns:repeat(auto-fill,minmax(1.5rem,1fr))}}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:0}.figures div{background:var(--box);border:1px solid var(--line);border-radius:.6rem;padding:.7rem 1rem;display:flex;flex-direction:column-reverse;justify-content:flex-end}
.figures dt{color:var(--soft);font-size:.9rem}.figures dd{font-size:1.4rem;font-weight:700;line-height:1.3}
svg.chart{display:block;width:100%;height:10rem;margin:.25rem 0}.chart .line{fill:none;stroke:var(--link);stroke-width:2;vector-effect:non-scaling-stroke}.chart .area{fill:var(--link);opacity:.12}.chart .grid{stroke:var(--line);vector-effect:non-scaling-stroke}
.logo{display:block;max-width:100%;height:auto;margin-block:.3rem}.logo:not([src*=".jpg"]){--plate:light-dark(transparent,#f6f8fa);background:var(--plate);box-shadow:0 0 0 .4rem var(--plate)}
.scroll{overflow-x:auto}.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table{border-collapse:collapse;width:100%;font-size:.9rem;overflow-wrap:normal;margin-top:.5rem}caption{text-align:start;font-weight:600;padding:.25rem 0 .5rem}
th,td{text-align:start;padding:.35rem 1rem .35rem 0;border-top:1px solid var(--line);vertical-align:top;white-space:nowrap}thead th{border:0;color:var(--soft);font-weight:400}.n{text-align:end}td:last-child,th:last-child{padding-right:0}tbody th{font-weight:400}
.post>p{white-space:pre-line}.post{border-inline-start:3px solid var(--line);padding-inline-start:.9rem;padding-block:.1rem}.post{margin-top:.9rem}.post:first-child{margin-top:0}
.facts{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1.25rem}dd{margin:0}
footer{margin:3rem auto 0;padding:1.25rem 1rem 2rem;border-top:1px solid var(--line)}footer p{margin:.4rem 0}.files{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem}.files a{display:inline-block;padding:.25rem 0}
.zone{display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center;margin:.6rem 0}.zone button,.zone select{padding:.3rem .6rem;font-weight:400}
.notice{padding-top:12vh;max-width:38rem}.notice h1{margin:1rem 0 .25rem}.notice svg{width:2.5rem;height:2.5rem}.notice p{margin:.25rem 0}.notice p[lang]{margin-top:1.5rem}
@media(max-width:30rem){.follow{display:none}.zone label{flex:1 0 100%}.box,.group>summary{padding-inline:1rem}.overall{font-size:1.1rem;padding:1rem}.choice ul{flex:1;gap:0}.choice li{flex:auto;text-align:center}.choice a{font-size:.9rem;padding:.5rem .2rem}summary .axis{flex-wrap:wrap}.button{padding-inline:.7rem}.days{padding-bottom:3.4rem}.tip{min-height:2.6rem}summary .axis .more{order:3;flex:1 0 100%;white-space:normal}}
@media(forced-colors:active){:root{--link:LinkText;--line:CanvasText}.overall{border-color:CanvasText}.choice [aria-current]{outline:2px solid}.days label:has(:checked){outline:2px solid Highlight}.chart .area{display:none}}
@media print{:root{color-scheme:light}body{background:none;font-size:11pt}header,main,footer{max-width:none;padding-inline:0}.actions,.button,.follow,.choice ul,.zone,.files,.tip,details:not([open]):has(>summary>.more:only-child){display:none}summary .more::after,details[open]>summary .more::after{content:none}.days{padding:0}.days label:has(:checked){background:none;box-shadow:none}.group::details-content{display:block;content-visibility:visible;height:auto}.box>*,section>h2{break-inside:avoid}h2{break-after:avoid}a{color:inherit;text-decoration:none}svg{print-color-adjust:exact}}`

export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`
