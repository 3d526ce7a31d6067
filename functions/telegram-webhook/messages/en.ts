import { type Html, html } from '#functions/telegram/html.ts'
import { calendarEn } from './calendar-en.ts'
import { historyEn } from './history-en.ts'
import { keysEn } from './keys-en.ts'
import { maintenanceEn } from './maintenance-en.ts'
import { noticesEn } from './notices-en.ts'
import { personalDataEn } from './personal-data-en.ts'
import { postsEn } from './posts-en.ts'
import type { BotMessages } from './pt-BR.ts'
import { seenEn } from './seen-en.ts'
import { statusPagesEn } from './status-pages-en.ts'
import { subscriptionsEn } from './subscriptions-en.ts'
import { webhooksEn } from './webhooks-en.ts'
import { wizardEn } from './wizard-en.ts'

/** The bot's messages in English. */
export const en: BotMessages = {
  inline: {
    how: 'Type the name of a series',
    nothing: 'I found no such series',
    tooOften: 'Too many searches; wait a moment',
    unavailable: 'TVmaze did not answer; try again',
  },

  welcome: name => html`Hi${name && `, ${name}`}! I'm <b>Vigia</b>.

📺 I tell you when a new episode of a series you follow comes out.
🟢 I tell you when your site goes down, and when it is back up.

To begin, send me the name of a series. To watch a site, use /monitor.`,
  groupWelcome:
    () => html`Hi everyone! I'm <b>Vigia</b>. I tell this group when a new episode comes out and when a site goes down.

/search Severance – follow a series
/monitor example.org – watch a site
/help – everything I do`,
  menu: isPrivate => html`What can I do for you?${isPrivate && ' You can also just send me the name of a series.'}`,
  linkUnknown: () => html`That link leads to nothing I know. If you are looking for a series, search for its name.`,
  zoneNote: zone => html`🕘 Times are in ${zone}. Do you live elsewhere? Choose your time zone: /timezone`,
  noChannels: () =>
    html`Hi! I don't work in channels yet, because I can't receive commands there. Write to me in a private chat or add me to a group.`,
  greeted: text => html`Hi! 👋 Send me the name of a series, or choose below.

If you are looking for a series called “${text}”, send <code>/search ${text}</code>`,
  youAreWelcome: () => html`You're welcome! 😊`,
  goodbye: () => html`See you! 👋 I'll keep watch.`,
  acknowledged: text => html`👍 To see what I do: /help

If you are looking for a series called “${text}”, send <code>/search ${text}</code>`,
  help: isPrivate => html`<b>Series</b>
${isPrivate ? 'Send me the name of a series, or use /search' : '/search Severance – find a series'}
/shows – the series you follow
/today, /upcoming – what comes out
/watchlist – what you have not seen yet
/calendar – in your own calendar
/seen S2E5 – note what you have seen
/stats – your year
📎 ZIP of TV Time or a list – follow it

<b>Sites and servers</b>
/monitor example.org 1m – watch an address
/heartbeat backup 24h – watch a job
/monitors – your monitors
/incidents – the recent outages
/page – page with their state
/notice – tell visitors of the page
/subscriptions – news of pages
/maintenance – no alerts during maintenance

<b>Reports</b>
/report – a summary now, every day or every week

<b>Settings</b>
/settings – when I tell you about episodes
/quiet – hours without notices about episodes
/timezone, /language – zone and language
/apikey, /webhook – for programs
/export, /delete_me – your data

Series data comes from <a href="https://www.tvmaze.com">TVmaze</a> (CC BY-SA 4.0).`,
  unknownCommand: () => html`I don't know that command. Send /help to see what I can do.`,
  wordless: () => html`I only understand text. Send me the name of a series, or see /help.`,
  sorryWithRetry: () =>
    html`Something went wrong on my side, so I have no answer for you yet. I kept your request and will try again automatically. If nothing arrives within a few minutes, please send it again.`,
  sorryWithoutRetry: () =>
    html`Something went wrong on my side and I could not show the answer. Your series and monitors are safe. I have notified the people who run me. Please try again later.`,
  oldButton: 'This button no longer works. Please send the command again.',
  backToList: '« back',

  chooseLanguage: () => html`Which language do you prefer?`,
  languageSet: () => html`Done! I speak English now.`,
  languageUnknown: asked => html`I don't speak “${asked}” yet. Pick one of these:`,
  otherLanguage: '🌐 Português',
  zoneButton: zone => `🕘 Time zone: ${zone}`,
  chooseZone: (zone, clock) => html`Your time zone is <b>${zone}</b>, where it is now ${clock}.

Pick another, or send the city: <code>/timezone Lisbon</code>`,
  zoneSet: (zone, clock) => html`Done! Your time zone is <b>${zone}</b>, where it is now ${clock}.`,
  zoneUnknown: asked =>
    html`I found no time zone for “${asked}”. Try the nearest big city, for example <code>/timezone Chicago</code>.`,
  zoneWhich: asked => html`Which of these is the time zone for “${asked}”?`,

  // Reports
  reportSetting: {
    none: () => html`📊 Automatic report: <b>off</b>.`,
    daily: (hour: string, next: Html) => html`📊 Report <b>every day at ${hour}</b>. Next: ${next}.`,
    weekly: (weekday: string, hour: string, next: Html) =>
      html`📊 Report <b>every week, ${weekday} at ${hour}</b>. Next: ${next}.`,
  },
  reportZone: (zone: string) => html`The hours are in your time zone: ${zone}.`,
  howToReport: () =>
    html`Or send: <code>/report daily 8am</code>, <code>/report weekly monday 8am</code>, <code>/report never</code>`,
  reportComing: () => html`I am preparing your report; it comes in a moment.`,
  reportedTooOften: () => html`You have just asked for reports. Wait a minute before you ask for another.`,
  statistics: {
    coming: year => html`I am adding up what you saw in ${year}; it arrives in a moment.`,
    unknownYear: (asked, year) =>
      html`I have no year “${asked}”. Send a year up to ${year}: <code>/stats ${year}</code>`,
  },
  reportUnknown: (asked: string) => html`I did not understand “${asked}”.`,
  reportButtons: { none: 'never', daily: 'daily', weekly: 'weekly' },
  reportHourOnly: () => html`I only send reports on the hour, for example <code>8am</code>.`,
  reportThemes: { light: '☀️ light picture', dark: '🌙 dark picture' },
  weekdays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],

  searchButton: '🔎 Find a series',
  seriesButton: '📺 My series',
  upcomingButton: '🗓 Upcoming episodes',
  monitorsButton: '🟢 My monitors',
  howToSearch: () => html`Send me the name of the series, for example: <code>Severance</code>`,
  howToSearchInGroup: () =>
    html`Send the command with the name of the series, for example: <code>/search Severance</code>`,
  nothingFound: query => html`I found no series matching “${query}”. Check the spelling, or try the original title.`,
  tvmazeDown: () => html`TVmaze, where the series data comes from, did not answer. Please try again in a minute.`,
  searchedTooOften: 'You have searched too often in a short time. Please wait a few seconds and try again.',
  tvmazeStillDown: 'TVmaze is not answering. Please try again in a minute.',
  tryAgain: 'try again',
  otherSeries: '🔎 other series with this name',
  noOtherSeries: 'I found no other series with this name.',
  tryLater: 'The series catalogue is not available right now. Try again in a minute.',
  showGone: () => html`TVmaze no longer has this series. Search for it again by its name.`,
  looksLikeAddress: address => html`That looks like an address. To have me watch it, send:
<code>/monitor ${address}</code>`,
  status: {
    Running: 'running',
    Ended: 'ended',
    'To Be Determined': 'no new episodes confirmed',
    'In Development': 'in development',
  },
  follow: 'follow',
  following: 'following ✓',
  undo: 'undo',
  remove: 'remove',
  followsFull: most =>
    `You already follow ${most} series, the most a chat can follow. Remove one in /shows to make room.`,
  followsWaiting: most =>
    `Not followed yet: I am still looking up the dates of ${most} other series that you just followed. Please try again in a minute.`,
  followed: 'Done! I will tell you when a new episode comes out.',
  followedByName: name =>
    html`Done! You follow ${name ? html`<b>${name}</b>` : 'the series'}. I will tell you when a new episode comes out.`,
  alreadyFollowing: 'You already follow this series.',
  unfollowed: "Removed. I won't message you about it again.",
  notFollowing: "You don't follow this series.",
  restored: 'Undone! You still follow this series.',
  nextEpisode: (episode, when) => html`🔔 Next: ${episode} · ${when}`,
  nextBeingLookedUp: () => html`🔔 I am looking up when the next episode comes out; see /shows in a moment.`,
  nextUnknown: () => html`🔔 The next episode has no date yet; I will tell you when it is out.`,
  nextEnded: () => html`🔔 The series has ended; if it returns, I will tell you.`,
  searchTooOld: 'This search is too old. Please search for the series again.',

  seriesTitle: count => html`📺 <b>Your series</b> (${count})`,
  seriesNone: () => html`You do not follow any series yet. Send me the name of one to begin.`,
  seriesNoneInGroup: () => html`This group does not follow any series yet. Begin with <code>/search Severance</code>`,
  removed: name => html`Removed <b>${name}</b>. I won't message you about it again.`,
  removeNamed: name => `remove ${name}`,
  undoRemove: name => `undo · ${name}`,
  unnamedSeries: 'series (looking up its name…)',
  next: (episode, when) => html`${episode} · ${when}`,
  noDate: 'no date yet',
  dateBeingLookedUp: 'looking up the date…',

  upcomingTitle: days => html`🗓 <b>Next ${days} days</b>`,
  upcomingNone: days => html`Nothing planned for the next ${days} days.`,
  todayTitle: date => html`🗓 <b>Today</b>, ${date}`,
  todayNone: () => html`Nothing you follow is out today.`,
  showDays: days => `show ${days} days`,
  hourUnknown: 'time not announced',
  andMore: count => html`… and ${count} more`,
  zoneFooter: zone => html`<i>Days: ${zone}. Data: TVmaze.</i>`,
  catalogueDown: () =>
    html`I could not open the series catalogue just now. What you follow is safe; please try again in a minute.`,
  catalogueFilling: () => html`I am still looking up the dates of what you follow. Please try again in a minute.`,
  catalogueDownNote: () => html`<i>Dates are not available right now.</i>`,

  notices: noticesEn,
  seen: seenEn,
  wizard: wizardEn,
  history: historyEn,
  maintenance: maintenanceEn,
  statusPages: statusPagesEn,
  personalData: personalDataEn,
  posts: postsEn,
  subscriptions: subscriptionsEn,
  keys: keysEn,
  webhooks: webhooksEn,
  calendar: calendarEn,
  administratorsOnly: 'Only the administrators of the group can change its monitors.',
  settingsForAdministrators: 'Only the administrators of the group can change this.',
  administratorsOnlyHere: () =>
    html`Only the administrators of the group can change its monitors. To see how they are doing: /monitors`,
  intervalUnknown: asked =>
    html`I did not understand the interval “${asked}”. Examples: <code>30s</code>, <code>5m</code> or <code>1h</code>.`,
  intervalShort: () => html`The shortest interval is 10 seconds (<code>10s</code>).`,
  limitRefused: longest =>
    html`The time limit for an answer must be from 1 s to ${longest}. It can't be longer than the interval. Example: <code>/monitor example.org 1m timeout 30s</code>`,
  intervalLong: () => html`The longest interval is 24 hours (<code>24h</code>).`,
  tcpInstead: address =>
    html`That port belongs to another kind of service, not to a site. To have me check whether it accepts connections, send:
<code>/monitor ${address}</code>`,
  addressRefused: (address, why) => html`I cannot watch <code>${address}</code>: ${why}.`,
  refusals: {
    'bad-url': 'that is not an address I understand. A good example is https://example.org',
    'private-address':
      'it is on a private network, which I cannot reach; send a public address, such as https://example.org',
    'bad-scheme':
      'I only watch addresses of http, https, tcp, tls, dns, ping, ws, wss, grpc and grpcs, such as https://example.org',
    'blocked-port': 'that port belongs to another kind of service; use tcp:// for it',
    'missing-port': 'the port is missing, as in tcp://example.org:5432',
    credentials: 'it contains a user name or password, which I do not store; send the address without them',
  },
  monitorAdded: (name, interval) =>
    html`Done! I check <b>${name}</b> every ${interval}. The first check is running, and I will send you the result.`,
  monitorAddedWithoutCheck: (name, interval) =>
    html`Done! I check <b>${name}</b> every ${interval}. I have just checked that server, so the next check comes at its regular time.`,
  monitorUpdated: (name, interval) => html`I was already watching <b>${name}</b>. I now check it every ${interval}.`,
  monitorsFull: most =>
    html`You already have ${most} monitors, the most a chat can have. Delete one in /monitors to make room.`,
  monitorsFullForPerson: most =>
    html`You already have ${most} monitors in all your chats together, the most a person can have. Delete one in /monitors to make room.`,
  hostFullForPerson: (host, perMinute) =>
    html`With this monitor, I would check ${host} more than ${perMinute} times a minute for you, which is the limit per person. Use a longer interval, or pause another monitor of ${host}.`,
  hostFull: (host, perMinute) =>
    html`Many people already watch ${host}, and I check one server at most ${perMinute} times a minute. Use a longer interval, or try again later.`,
  monitorsTitle: count => html`<b>Your monitors</b> (${count})`,
  monitorsNone: () => html`I'm not watching anything yet. Begin with <code>/monitor example.org</code>`,
  monitorGone: 'That monitor no longer exists.',
  outageOver: 'This outage is over already.',
  answeredBefore: (name, clock) => `${name || 'Somebody'} pressed this button at ${clock}.`,
  outageAnswered: {
    acknowledge: () => "Noted. I won't send reminders; I will tell you when it is back up.",
    hour: until => `Silence until ${until}: I won't send anything about this monitor before then.`,
    morning: until => `Silence until ${until}: I won't send anything about this monitor before then.`,
    recovery: () => 'Silence until it is back: the next message comes when it is up again.',
  },
  monitorState: {
    up: 'up',
    down: 'down',
    new: 'waiting for the first check',
    resumed: 'waiting for the next check',
    unknown: 'no recent result',
    paused: 'paused',
  },
  stateSince: (state, duration) => `${state} for ${duration}`,
  uptimeUnknown: 'no uptime data for the last 24 h',
  averageResponse: ms => `average response: ${ms}`,
  timeLimit: duration => `time limit: ${duration}`,
  slowFrom: time => `I tell you if it takes longer than ${time}`,
  everyInterval: interval => `checked every ${interval}`,
  lastCheck: duration => `last check ${duration} ago`,
  neverChecked: 'not checked yet',
  check: 'check now',
  checkedJustNow: (state, checked) =>
    `I checked this server a moment ago. Status: ${state}${checked ? `, ${checked}` : ''}. Please wait a moment before you check again.`,
  checking: 'Checking… I will send the result.',
  notChecked: 'The service pings me itself, so there is nothing to check.',
  pause: 'pause',
  paused: "Paused. I won't check it until you resume it.",
  resume: 'resume',
  resumed: 'Resumed!',
  delete: 'delete',
  deleteSure: name => html`Delete <b>${name}</b>? Its history is deleted too. You can undo it for 24 hours.`,
  undoDelete: name => `undo · ${name}`,
  undeleted: 'Undone! The monitor is back, with its history.',
  undeleteGone: 'This can no longer be undone.',
  undeleteExists: 'You have added another monitor of that address. Delete that one first to undo.',
  silence: {
    button: '🔕 silence',
    howLong: () => html`For how long shall I send nothing about this monitor?`,
    choices: { hour: '1 h', morning: 'until 8 AM', recovery: 'until it is back', none: '🔔 send messages again' },
    until: clock => html`🔕 silent until ${clock}`,
    untilRecovery: '🔕 silent until it is up again',
    ended: 'Done! I send messages again.',
  },
  deleteYes: name => `delete ${name}`,
  deleteNo: 'keep it',
  deleted: name => `${name} was deleted.`,

  // Heartbeats
  howToHeartbeat: () => html`Tell me the name of the job and how often it runs:

<code>/heartbeat backup 24h</code>
<code>/heartbeat backup 24h grace 1h</code>
<code>/heartbeat report 0 3 * * *</code> (cron, in the time zone of this chat)

I answer with an address. The job requests it each time it finishes, and I tell you when it does not.`,
  heartbeatNameUnknown: () =>
    html`That name does not work: use letters or digits, as in <code>/heartbeat backup 24h</code>`,
  heartbeatPeriodRefused: (shortest, longest) =>
    html`The interval and the grace are from ${shortest} to ${longest}. Example: <code>/heartbeat backup 24h grace 1h</code>`,
  heartbeatTaken: slug =>
    html`There is another heartbeat with the name <code>${slug}</code>. Please choose another name.`,
  heartbeatAdded: (name, schedule) =>
    html`Done! I expect a ping from <b>${name}</b> ${schedule}. I start to count with the first ping.`,
  heartbeatUpdated: (name, schedule) => html`I already watched <b>${name}</b>. Now I expect a ping ${schedule}.`,
  heartbeatUsage:
    url => html`At the end of the job, request this address. Everybody who knows it can ping, so keep it private.
<pre>curl -fsS -m 10 --retry 5 ${url}</pre>
With <code>/start</code> at the end of the address the job says that it started; with <code>/fail</code> or <code>/1</code>, that it failed.`,
  heartbeatUrlUnknown:
    'The beginning of the address is missing, because the people who run this Vigia have not set PING_URL. Ask them for it.',
  heartbeatByName: url => html`By name: <code>${url}</code>`,
  copyUrl: 'copy address',
  heartbeatState: { up: 'on time', new: 'waiting for the first ping', resumed: 'waiting for the next ping' },
  heartbeatExpected: schedule => html`ping expected ${schedule}`,
  lastPing: duration => `last ping ${duration} ago`,
  noPing: 'no ping so far',
  pings: count => `${count} ${count === 1 ? 'ping' : 'pings'}`,
  runTook: (duration, isSlow) => `last run: ${duration}${isSlow ? ' (more than 3 times the usual)' : ''}`,
  lastLog: 'What the job sent last:',
}
