import { createHash } from 'node:crypto'

/**
 * The script that shows every time of a page in the zone of the browser, in the words that `sayInstant` and `sayPeriod`
 * use: a near day has its name, a distant one its year, and a time that the clocks show twice has its offset from UTC.
 * It runs when the browser has read the page up to here, so nothing is painted twice.
 */
export const visitorZone = `{const d=document,l=d.documentElement.lang,H=36e5,D=24*H,
f=o=>new Intl.DateTimeFormat(l,o),
C=f({timeStyle:'short'}),O=f({hour:'numeric',minute:'2-digit',timeZoneName:'shortOffset'}),
R=new Intl.RelativeTimeFormat(l,{numeric:'auto'}),
day=t=>Math.floor((t-new Date(t).getTimezoneOffset()*6e4)/D),
N=Date.now(),T=day(N);let p
for(const e of d.querySelectorAll('time')){const t=Date.parse(e.dateTime),n=day(t)-T,
y=new Date(t).getFullYear()!=new Date(N).getFullYear()&&Math.abs(n)>62,
w=n>-2&&n<2?R.format(n,'day'):f({weekday:'short',day:'numeric',month:'short',...y&&{year:'numeric'}}).format(t),
c=[H,-H].some(h=>C.format(t+h)==C.format(t))?O:C
e.textContent=(e.className=='end'&&p==day(t)?'':w+' · ')+c.format(t).replace(/\\u202f/g,' ')
p=day(t)}
const z=d.getElementById('zone'),s=d.getElementById('days')
z.textContent=z.dataset.yours.replace('?',f({timeZoneName:'longGeneric'}).formatToParts(N).find(p=>p.type=='timeZoneName').value.replace(/GMT.00:00/,'UTC'))
s.hidden=s.dataset.zone==f().resolvedOptions().timeZone}`

export const visitorZoneHash = `sha256-${createHash('sha256').update(visitorZone).digest('base64')}`
