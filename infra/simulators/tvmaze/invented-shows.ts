import {
  airstampOf,
  type Channel,
  countries,
  type EpisodeRow,
  firstEpisodeId,
  placeholderAirstamp,
  type ShowRow,
} from './rows.ts'

// Every show and person here is invented. The ids are far above TVmaze's.

const meridian: Channel = { id: 9001, name: 'Meridian', country: countries.us, officialSite: null }
const globo: Channel = { id: 9002, name: 'Globo', country: countries.br, officialSite: 'https://redeglobo.globo.com/' }
const canalSul: Channel = { id: 9003, name: 'Canal Sul', country: countries.br, officialSite: null }
const orbe: Channel = { id: 9101, name: 'Orbe+', country: null, officialSite: null }
const telinha: Channel = { id: 9102, name: 'Telinha', country: countries.br, officialSite: null }

/** The ids of the invented shows. Each key names the case for which the show is an example. */
export const showIds = {
  /**
   * US drama with a Brazilian title, Sundays at 21:00 in New York; its time in São Paulo changes when US clocks change.
   */
  harbor: 900_001,
  /** US late-night show. Its episodes air at 00:37 on the day after their airdate, so the airstamp is a day later. */
  lateNight: 900_002,
  /** Show of a global streaming service, with an episode every Wednesday and without airtimes. */
  streamer: 900_003,
  /** Show of a global streaming service, with eight episodes on one Friday every 13 weeks. */
  drop: 900_004,
  /** Telenovela, Monday to Saturday at 21:20 in São Paulo. */
  novela: 900_005,
  /** Daily show; the number of a season is the year. */
  daily: 900_006,
  /** Has a special that is announced without a date or a number. */
  special: 900_007,
  /** Running, without a next episode. */
  hiatus: 900_008,
  /** A show with the least data that TVmaze may have: no image, summary, runtime, channel or dates. */
  sparse: 900_009,
  /** Has HTML entities in the summary, and an ampersand and an emoji in the name. */
  entities: 900_010,
  /** One of two shows with the same name: from 1998, ended. */
  lighthouseOld: 900_011,
  /** The other of the two: running. */
  lighthouseNew: 900_012,
} as const

/** Days since 1970-01-01. */
const dayNumber = (date: Temporal.PlainDate): number => Temporal.PlainDate.from('1970-01-01').until(date).days

/** How many days ahead episodes are announced. */
const defaultDaysAhead = 42

interface SchedulePlan {
  first: string
  /** ISO weekdays, 1 is Monday. */
  weekdays: number[]
  airtime: string
  zone: string
  perSeason: number
  /** For late-night shows: the broadcaster counts the hours after midnight as part of the day before. */
  nextDay?: boolean
  /** Names of the episodes, used in turn. */
  names: string[]
  runtime: number | null
  daysAhead?: number
}

/** The episodes of a weekly or daily show until some weeks after `today`. Episode ids do not depend on `today`. */
const schedule = (showId: number, plan: SchedulePlan, today: Temporal.PlainDate): EpisodeRow[] => {
  const episodes: EpisodeRow[] = []
  const end = today.add({ days: plan.daysAhead ?? defaultDaysAhead })
  let count = 0
  for (
    let date = Temporal.PlainDate.from(plan.first);
    Temporal.PlainDate.compare(date, end) <= 0;
    date = date.add({ days: 1 })
  ) {
    if (!plan.weekdays.includes(date.dayOfWeek)) continue
    const airdate = date.toString()
    const known = plan.airtime !== ''
    const broadcast = plan.nextDay ? date.add({ days: 1 }).toString() : airdate
    episodes.push({
      id: firstEpisodeId(showId) + count,
      name: plan.names[count % plan.names.length] ?? `Episode ${count + 1}`,
      season: 1 + Math.floor(count / plan.perSeason),
      number: 1 + (count % plan.perSeason),
      type: 'regular',
      airdate,
      airtime: plan.airtime,
      airstamp: known ? airstampOf(broadcast, plan.airtime, plan.zone) : placeholderAirstamp(airdate),
      runtime: plan.runtime,
      summary: null,
    })
    count++
  }
  return episodes
}

const show = (
  id: number,
  name: string,
  more: Partial<ShowRow> & Pick<ShowRow, 'episodes'>,
  today: Temporal.PlainDate,
): ShowRow => ({
  id,
  name,
  type: 'Scripted',
  language: 'English',
  genres: ['Drama'],
  status: 'Running',
  runtime: 45,
  premiered: more.episodes[0]?.airdate || null,
  ended: null,
  schedule: { time: '', days: [] },
  network: null,
  webChannel: null,
  externals: { tvrage: null, thetvdb: 5_000_000 + (id % 100_000), imdb: `tt9${id}` },
  hasImage: true,
  summary: null,
  weight: 50,
  updated: dayNumber(today.subtract({ days: 20 })) * 86_400,
  akas: [],
  ...more,
})

/** The invented shows as TVmaze would list them on `today`. */
export const inventedShows = (today: Temporal.PlainDate): ShowRow[] => [
  show(
    showIds.harbor,
    'Harbor Nine',
    {
      genres: ['Drama', 'Crime'],
      network: meridian,
      schedule: { time: '21:00', days: ['Sunday'] },
      summary: '<p><b>Harbor Nine</b> follows the night crew of a port that never quite closes.</p>',
      weight: 88,
      akas: [
        { name: 'Porto Nove', country: countries.br },
        { name: 'Harbour Nine', country: countries.gb },
      ],
      episodes: schedule(
        showIds.harbor,
        {
          first: '2026-01-04',
          weekdays: [7],
          airtime: '21:00',
          zone: countries.us.timezone,
          perSeason: 26,
          names: ['Low Water', 'The Pilot Boat', 'Ballast', 'Slack Tide', 'Nine Bells', 'Bill of Lading', 'Fog Signal'],
          runtime: 60,
        },
        today,
      ),
    },
    today,
  ),
  show(
    showIds.lateNight,
    'The Last Desk with Nora Quill',
    {
      type: 'Talk Show',
      genres: ['Comedy'],
      network: meridian,
      schedule: { time: '00:37', days: ['Monday', 'Tuesday', 'Wednesday', 'Thursday'] },
      weight: 61,
      episodes: schedule(
        showIds.lateNight,
        {
          first: '2026-09-07',
          weekdays: [1, 2, 3, 4],
          airtime: '00:37',
          zone: countries.us.timezone,
          perSeason: 160,
          nextDay: true,
          names: ['Idris Vale, The Lampposts', 'Marta Okoye', 'June Castellan, Poppy Hale', 'An Hour of Mail'],
          runtime: 60,
          daysAhead: 14,
        },
        today,
      ),
    },
    today,
  ),
  show(
    showIds.streamer,
    'Signal from Ganymede',
    {
      genres: ['Science-Fiction', 'Thriller'],
      webChannel: orbe,
      schedule: { time: '', days: ['Wednesday'] },
      summary: '<p>A relay station hears a voice that left Earth forty years ago.</p>',
      weight: 93,
      akas: [{ name: 'Sinal de Ganimedes', country: countries.br }],
      episodes: schedule(
        showIds.streamer,
        {
          first: '2026-09-02',
          weekdays: [3],
          airtime: '',
          zone: 'UTC',
          perSeason: 10,
          names: ['Handshake', 'Forty-One Minutes', 'Dead Reckoning', 'The Other Antenna', 'Carrier'],
          runtime: null,
        },
        today,
      ),
    },
    today,
  ),
  show(
    showIds.drop,
    'Maré Vermelha',
    {
      language: 'Portuguese',
      genres: ['Drama', 'Mystery'],
      webChannel: orbe,
      summary: '<p>Uma cidade de pescadores acorda com o mar vermelho, e ninguém quer dizer por quê.</p>',
      weight: 84,
      akas: [{ name: 'Red Tide', country: countries.us }],
      episodes: dropEpisodes(today),
    },
    today,
  ),
  show(
    showIds.novela,
    'Rua das Acácias',
    {
      language: 'Portuguese',
      genres: ['Drama', 'Romance'],
      network: globo,
      schedule: { time: '21:20', days: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] },
      summary: '<p>Três famílias dividem a mesma rua e o mesmo segredo.</p>',
      weight: 79,
      akas: [{ name: 'Acacia Street', country: countries.us }],
      episodes: schedule(
        showIds.novela,
        {
          first: '2026-10-05',
          weekdays: [1, 2, 3, 4, 5, 6],
          airtime: '21:20',
          zone: countries.br.timezone,
          perSeason: 180,
          names: ['Capítulo', 'A carta', 'O portão azul', 'Dona Celeste volta', 'A chuva'],
          runtime: 70,
          daysAhead: 12,
        },
        today,
      ),
    },
    today,
  ),
  show(
    showIds.daily,
    'Bom Dia, Vizinhança',
    {
      type: 'News',
      language: 'Portuguese',
      genres: [],
      network: canalSul,
      schedule: { time: '06:30', days: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'] },
      weight: 33,
      episodes: numberedByYear(
        schedule(
          showIds.daily,
          {
            first: '2026-06-01',
            weekdays: [1, 2, 3, 4, 5],
            airtime: '06:30',
            zone: countries.br.timezone,
            perSeason: 400,
            names: ['Edição da manhã'],
            runtime: 90,
            daysAhead: 10,
          },
          today,
        ),
      ),
    },
    today,
  ),
  show(
    showIds.special,
    'Clockwork Parish',
    {
      genres: ['Fantasy'],
      network: meridian,
      status: 'To Be Determined',
      weight: 70,
      akas: [{ name: 'Paróquia Mecânica', country: countries.br }],
      episodes: [
        ...schedule(
          showIds.special,
          {
            first: '2026-03-05',
            weekdays: [4],
            airtime: '20:00',
            zone: countries.us.timezone,
            perSeason: 8,
            names: ['The Sexton', 'Escapement', 'Brass Saints', 'Wind the Tower'],
            runtime: 50,
          },
          Temporal.PlainDate.from('2026-03-20'),
        ),
        undatedSpecial(showIds.special, 'The Midwinter Bell'),
      ],
    },
    today,
  ),
  show(
    showIds.hiatus,
    'Paper Moons',
    {
      genres: ['Comedy'],
      webChannel: telinha,
      weight: 55,
      akas: [{ name: 'Luas de Papel', country: countries.br }],
      episodes: schedule(
        showIds.hiatus,
        {
          first: '2026-02-06',
          weekdays: [5],
          airtime: '20:00',
          zone: countries.br.timezone,
          perSeason: 6,
          names: ['First Quarter', 'Eclipse', 'Blue', 'New'],
          runtime: 30,
          daysAhead: 0,
        },
        Temporal.PlainDate.from('2026-03-13'),
      ),
    },
    today,
  ),
  show(
    showIds.sparse,
    'Untitled Delta Project',
    {
      language: null,
      genres: [],
      status: 'In Development',
      runtime: null,
      premiered: null,
      externals: { tvrage: null, thetvdb: null, imdb: null },
      hasImage: false,
      weight: 4,
      episodes: [],
    },
    today,
  ),
  show(
    showIds.entities,
    'Tom & Zé 🎸',
    {
      language: 'Portuguese',
      genres: ['Comedy', 'Music'],
      network: globo,
      schedule: { time: '22:30', days: ['Friday'] },
      summary:
        '<p>Dois irmãos &amp; uma guitarra; &quot;três acordes&quot; &lt;e só&gt;. <br /><i>Comédia</i> &#233; isso.</p>',
      weight: 66,
      episodes: schedule(
        showIds.entities,
        {
          first: '2026-08-07',
          weekdays: [5],
          airtime: '22:30',
          zone: countries.br.timezone,
          perSeason: 13,
          names: ['Afinação & outros males', 'Dó < Ré', '"Bis"', 'Pausa 🤫'],
          runtime: 40,
        },
        today,
      ),
    },
    today,
  ),
  show(
    showIds.lighthouseOld,
    'The Lighthouse',
    {
      status: 'Ended',
      premiered: '1998-03-02',
      ended: '1998-05-04',
      network: { id: 9004, name: 'Northern', country: countries.gb, officialSite: null },
      schedule: { time: '21:00', days: ['Monday'] },
      weight: 22,
      episodes: schedule(
        showIds.lighthouseOld,
        {
          first: '1998-03-02',
          weekdays: [1],
          airtime: '21:00',
          zone: countries.gb.timezone,
          perSeason: 10,
          names: ['Keeper', 'Lens', 'Storm Log'],
          runtime: 50,
          daysAhead: 0,
        },
        Temporal.PlainDate.from('1998-05-04'),
      ),
    },
    today,
  ),
  show(
    showIds.lighthouseNew,
    'The Lighthouse',
    {
      genres: ['Horror'],
      webChannel: orbe,
      schedule: { time: '', days: ['Thursday'] },
      weight: 64,
      akas: [{ name: 'O Farol', country: countries.br }],
      episodes: schedule(
        showIds.lighthouseNew,
        {
          first: '2026-10-01',
          weekdays: [4],
          airtime: '',
          zone: 'UTC',
          perSeason: 12,
          names: ['What the Lamp Saw', 'Twelve Steps', 'Salt', 'The Relief'],
          runtime: null,
        },
        today,
      ),
    },
    today,
  ),
]

const dropEpisodeNames = [
  'A rede',
  'Sal grosso',
  'Maria do Cais',
  'O farol apagado',
  'Vazante',
  'O que o mar traz',
  'Preamar',
  'Vermelho',
]

const dropEpisodes = (today: Temporal.PlainDate): EpisodeRow[] => {
  const episodes: EpisodeRow[] = []
  const end = today.add({ weeks: 13 })
  let season = 1
  for (
    let date = Temporal.PlainDate.from('2026-02-27');
    Temporal.PlainDate.compare(date, end) <= 0;
    date = date.add({ weeks: 13 })
  ) {
    for (const [index, name] of dropEpisodeNames.entries()) {
      episodes.push({
        id: firstEpisodeId(showIds.drop) + season * 10 + index,
        name,
        season,
        number: index + 1,
        type: 'regular',
        airdate: date.toString(),
        airtime: '',
        airstamp: placeholderAirstamp(date.toString()),
        runtime: 48,
        summary: null,
      })
    }
    season++
  }
  return episodes
}

/** Numbers the episodes of a daily show by year, like TVmaze. */
const numberedByYear = (episodes: EpisodeRow[]): EpisodeRow[] => {
  const counts = new Map<number, number>()
  return episodes.map(episode => {
    const season = Number(episode.airdate.slice(0, 4))
    const number = (counts.get(season) ?? 0) + 1
    counts.set(season, number)
    return { ...episode, season, number }
  })
}

const undatedSpecial = (showId: number, name: string): EpisodeRow => ({
  id: firstEpisodeId(showId) + 99_999,
  name,
  season: 1,
  number: null,
  type: 'significant_special',
  airdate: '',
  airtime: '',
  airstamp: null,
  runtime: null,
  summary: null,
})
