/**
 * Places by their zone, in lower case and without accents: Brazil's states and larger cities, the states of the USA,
 * and other cities whose zone has the name of another city. For a place that is listed under two zones the bot asks
 * which zone is meant.
 */
const placesByZone: Record<string, string> = {
  'America/Sao_Paulo': `brasilia, distrito federal, taguatinga, ceilandia, goias, goiania, aparecida de goiania, anapolis,
    minas gerais, belo horizonte, bh, uberlandia, uberaba, contagem, betim, juiz de fora, montes claros, ipatinga,
    governador valadares, ouro preto, pocos de caldas, espirito santo, vitoria, vila velha, cariacica, serra,
    rio, rio de janeiro, niteroi, sao goncalo, duque de caxias, nova iguacu, petropolis, volta redonda, macae, cabo frio,
    campos dos goytacazes, angra dos reis, sampa, guarulhos, campinas, osasco, sao bernardo do campo, santo andre, maua,
    sao jose dos campos, sao jose do rio preto, ribeirao preto, sorocaba, santos, jundiai, piracicaba, bauru, taubate,
    limeira, mogi das cruzes, presidente prudente, marilia, diadema, parana, curitiba, londrina, maringa, ponta grossa,
    cascavel, foz do iguacu, sao jose dos pinhais, santa catarina, florianopolis, floripa, joinville, blumenau, chapeco,
    criciuma, itajai, balneario camboriu, rio grande do sul, porto alegre, poa, caxias do sul, pelotas, canoas,
    santa maria, gravatai, novo hamburgo, passo fundo, rio grande, gramado, brt`,
  'America/Bahia':
    'salvador, feira de santana, vitoria da conquista, ilheus, itabuna, juazeiro, porto seguro, camacari, lauro de freitas, barreiras',
  'America/Fortaleza': `ceara, caucaia, sobral, juazeiro do norte, jericoacoara, rio grande do norte, natal, mossoro, parnamirim,
    piaui, teresina, parnaiba, maranhao, sao luis, imperatriz, paraiba, joao pessoa, campina grande`,
  'America/Recife': 'pernambuco, olinda, jaboatao dos guararapes, caruaru, petrolina, garanhuns, porto de galinhas',
  'America/Maceio': 'alagoas, arapiraca, sergipe, aracaju',
  'America/Belem': 'para, ananindeua, maraba, castanhal, parauapebas, amapa, macapa',
  'America/Araguaina': 'tocantins, palmas, gurupi',
  'America/Cuiaba': 'mato grosso, varzea grande, rondonopolis, sinop',
  'America/Campo_Grande': 'mato grosso do sul, dourados, corumba, tres lagoas, bonito',
  'America/Manaus': 'amazonas, parintins, itacoatiara, amt',
  'America/Boa_Vista': 'roraima',
  'America/Porto_Velho': 'rondonia, ji parana, ariquemes, vilhena',
  'America/Rio_Branco': 'acre, cruzeiro do sul',
  'America/Eirunepe': 'tabatinga',
  'America/Noronha': 'fernando de noronha',

  'America/New_York': `nova york, nova iorque, nyc, ny, miami, orlando, tampa, boston, washington, washington dc, filadelfia,
    philadelphia, atlanta, pittsburgh, baltimore, cleveland, charlotte, connecticut, delaware, florida, georgia, maine,
    maryland, massachusetts, michigan, new hampshire, new jersey, nova jersey, north carolina, carolina do norte, ohio,
    pennsylvania, pensilvania, rhode island, south carolina, carolina do sul, vermont, virginia, west virginia, kentucky,
    tennessee, eastern, est, edt`,
  'America/Chicago': `houston, dallas, austin, san antonio, new orleans, nova orleans, minneapolis, milwaukee, saint louis,
    st louis, kansas city, nashville, memphis, alabama, arkansas, florida, illinois, iowa, kansas, kentucky, louisiana, luisiana,
    minnesota, mississippi, missouri, nebraska, north dakota, dakota do norte, oklahoma, south dakota, dakota do sul,
    tennessee, texas, wisconsin, central, cst, cdt`,
  'America/Denver': `salt lake city, albuquerque, el paso, colorado, montana, new mexico, novo mexico, utah, wyoming, idaho,
    mountain, mst, mdt`,
  'America/Phoenix': 'arizona, tucson',
  'America/Los_Angeles': `la, san francisco, sao francisco, san diego, san jose california, seattle, portland, las vegas, sacramento,
    california, nevada, oregon, washington state, pacific, pst, pdt`,
  'America/Boise': 'idaho',
  'America/Anchorage': 'alaska, alasca',
  'Pacific/Honolulu': 'hawaii, havai',
  'America/Toronto': 'ontario, quebec, montreal, ottawa',
  'America/Edmonton': 'alberta, calgary',
  'America/Vancouver': 'british columbia, bc',
  'America/Regina': 'saskatchewan',
  'America/St_Johns': 'newfoundland',
  'America/Mexico_City': 'cidade do mexico, mexico city, guadalajara, puebla, cdmx',
  'America/Buenos_Aires': 'rosario, la plata, baires',
  'America/Bogota': 'medellin, cali, cartagena',
  'America/Lima': 'cusco, arequipa',
  'America/Guayaquil': 'quito',
  'America/Asuncion': 'assuncao',
  'America/Montevideo': 'montevideu, punta del este',
  'America/Santiago': 'valparaiso, vina del mar',
  'America/Panama': 'cidade do panama, panama city',

  'Europe/Lisbon': 'lisboa, porto, coimbra, braga, faro, wet',
  'Atlantic/Azores': 'acores, ponta delgada',
  'Atlantic/Madeira': 'funchal, ilha da madeira',
  'Europe/London': `londres, inglaterra, england, escocia, scotland, pais de gales, wales, great britain, gra bretanha, manchester,
    liverpool, birmingham, edimburgo, edinburgh, glasgow, bst, uk`,
  'Europe/Dublin': 'dublim, cork, ist',
  'Europe/Madrid': 'madri, barcelona, valencia, valenca, sevilha, sevilla, seville, bilbao, malaga',
  'Europe/Paris': 'lyon, marselha, marseille, nice, toulouse, bordeaux',
  'Europe/Rome':
    'roma, milao, milan, napoles, naples, turim, turin, florenca, florence, veneza, venice, bolonha, bologna',
  'Europe/Berlin':
    'berlim, munique, munich, hamburgo, hamburg, frankfurt, colonia, cologne, stuttgart, dusseldorf, central european, cet, cest',
  'Europe/Vienna': 'viena, salzburg, salzburgo',
  'Europe/Zurich': 'zurique, genebra, geneva, basel, basileia, berna, bern',
  'Europe/Brussels': 'bruxelas, antuerpia, antwerp',
  'Europe/Amsterdam': 'amsterda, roterda, rotterdam, haia, the hague, holanda, holland',
  'Europe/Copenhagen': 'copenhague',
  'Europe/Stockholm': 'estocolmo, gotemburgo, gothenburg',
  'Europe/Helsinki': 'helsinque',
  'Europe/Athens': 'atenas',
  'Europe/Moscow': 'moscou, sao petersburgo, saint petersburg, st petersburg',
  'Europe/Warsaw': 'varsovia, cracovia, krakow',
  'Europe/Prague': 'praga',
  'Europe/Budapest': 'budapeste',
  'Europe/Bucharest': 'bucareste',
  'Europe/Kiev': 'kyiv',
  'Europe/Istanbul': 'istambul, ancara, ankara',
  'Asia/Tokyo': 'toquio, osaka, kyoto, quioto, jst',
  'Asia/Shanghai': 'cst, pequim, beijing, xangai, shenzhen, guangzhou, cantao',
  'Asia/Singapore': 'singapura',
  'Asia/Seoul': 'seul',
  'Asia/Calcutta': 'ist, nova delhi, nova deli, new delhi, delhi, mumbai, kolkata, bangalore, chennai',
  'Asia/Katmandu': 'kathmandu',
  'Asia/Saigon': 'ho chi minh, hanoi',
  'Asia/Bangkok': 'bangcoc',
  'Asia/Jerusalem': 'tel aviv',
  'Asia/Beirut': 'beirute',
  'Asia/Dubai': 'abu dhabi',
  'Asia/Riyadh': 'riade, mecca, meca, jeddah',
  'Asia/Makassar': 'bali, denpasar',
  'Asia/Macau': 'macau',
  'Asia/Tbilisi': 'georgia',
  'Australia/Sydney': 'canberra, new south wales, nsw, aest, aedt',
  'Africa/Johannesburg': 'joanesburgo, cidade do cabo, cape town, durban, pretoria',
  'Africa/Algiers': 'argel',
  'Africa/Cairo': 'alexandria',
  'Africa/Casablanca': 'marraquexe, marrakech, rabat',
  UTC: 'utc, gmt, z, zulu',
}

/** Brazil's states by their two letters. */
const zoneByState: Record<string, string> = {
  ac: 'America/Rio_Branco',
  al: 'America/Maceio',
  am: 'America/Manaus',
  ap: 'America/Belem',
  ba: 'America/Bahia',
  ce: 'America/Fortaleza',
  df: 'America/Sao_Paulo',
  es: 'America/Sao_Paulo',
  go: 'America/Sao_Paulo',
  ma: 'America/Fortaleza',
  mg: 'America/Sao_Paulo',
  ms: 'America/Campo_Grande',
  mt: 'America/Cuiaba',
  pa: 'America/Belem',
  pb: 'America/Fortaleza',
  pe: 'America/Recife',
  pi: 'America/Fortaleza',
  pr: 'America/Sao_Paulo',
  rj: 'America/Sao_Paulo',
  rn: 'America/Fortaleza',
  ro: 'America/Porto_Velho',
  rr: 'America/Boa_Vista',
  rs: 'America/Sao_Paulo',
  sc: 'America/Sao_Paulo',
  se: 'America/Maceio',
  sp: 'America/Sao_Paulo',
  to: 'America/Araguaina',
}

/** The states of the USA by their two letters. For a state in two zones the more populous zone comes first. */
const usStatesByZone: Record<string, string> = {
  'America/New_York': 'ct dc de fl ga in ky ma md me mi nc nh nj ny oh pa ri sc va vt wv',
  'America/Chicago': 'al ar ia il ks la mn mo ms nd ne ok sd tn tx wi fl ky',
  'America/Denver': 'co id mt nm ut wy',
  'America/Phoenix': 'az',
  'America/Los_Angeles': 'ca nv or wa',
  'America/Anchorage': 'ak',
  'Pacific/Honolulu': 'hi',
}

const countryNames: Record<string, string> = {
  pt: 'PT',
  eua: 'US',
  usa: 'US',
  us: 'US',
  'estados unidos da america': 'US',
}

/** If several zones of a country have the same local time, the bot offers the one that comes first in this list. */
const preferredZones = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'America/Toronto',
  'America/Winnipeg',
  'America/Edmonton',
  'America/Vancouver',
  'America/Halifax',
  'Europe/Lisbon',
  'Australia/Sydney',
  'Australia/Brisbane',
  'Australia/Perth',
  'Asia/Jakarta',
  ...Object.keys(placesByZone),
]

export interface NamedZone {
  name: string
  zone: string
}

export const places: readonly NamedZone[] = Object.entries(placesByZone).flatMap(([zone, names]) =>
  names.split(/,\s*/).map(name => ({ name, zone })),
)

/** The zones of the state with these two letters, in Brazil and in the USA. */
export const stateZones = (code: string): { brazil: string[]; usa: string[] } => ({
  brazil: zoneByState[code] === undefined ? [] : [zoneByState[code]],
  usa: Object.entries(usStatesByZone).flatMap(([zone, codes]) => (codes.split(' ').includes(code) ? [zone] : [])),
})

/**
 * The zone's offsets from UTC in minutes, in January and in July of this year. They are equal if the zone has no summer
 * time.
 */
export const offsetsOf = (zone: string): [january: number, july: number] => {
  const year = new Date().getUTCFullYear()
  const minutesIn = (month: string) =>
    Temporal.Instant.from(`${year}-${month}-15T12:00:00Z`).toZonedDateTimeISO(zone).offsetNanoseconds / 60e9
  return [minutesIn('01'), minutesIn('07')]
}

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
let countries: Map<string, string> | undefined

/** The code of the country that has this name in Portuguese or English. */
const countryOf = (name: string, keyOf: (text: string) => string): string | undefined => {
  if (countries === undefined) {
    countries = new Map(Object.entries(countryNames))
    for (const language of ['pt-BR', 'pt-PT', 'en']) {
      const names = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
      for (const code of letters.flatMap(one => letters.map(other => one + other))) {
        const known = names.of(code)
        if (known !== undefined) countries.set(keyOf(known), code)
      }
    }
  }
  return countries.get(name)
}

/** One zone for each different local time in the country with this name; [] if no country has this name. */
export const zonesOfCountry = (name: string, keyOf: (text: string) => string): string[] => {
  const code = countryOf(name, keyOf)
  if (code === undefined) return []
  const rank = (zone: string) => (preferredZones.includes(zone) ? preferredZones.indexOf(zone) : preferredZones.length)
  const zones = new Intl.Locale(`und-${code}`).getTimeZones?.() ?? []
  const sorted = zones.toSorted((one, other) => rank(one) - rank(other))
  return [...Map.groupBy(sorted, zone => offsetsOf(zone).join()).values()].map(([first]) => first!)
}
