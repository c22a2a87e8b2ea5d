/** Which files of vega-datasets become tables, by the name that an analyst sees, and what the catalog says of them. */
export const TABLES: Readonly<Record<string, { readonly file: string; readonly description: string }>> = {
  flights: {
    file: 'flights-3m.parquet',
    description:
      'US flights of January to June 2001: delay in minutes (negative is early), distance in miles, airports by IATA code.',
  },
  airports: {
    file: 'airports.csv',
    description: 'Airports of the US by IATA code, with city, state and position.',
  },
  birdstrikes: {
    file: 'birdstrikes.csv',
    description: 'Collisions of aircraft with wildlife: where, which aircraft, which animal, what it cost.',
  },
  cars: {
    file: 'cars.json',
    description: 'Cars from 1970 to 1982: consumption, cylinders, horsepower, weight, origin.',
  },
  co2_concentration: {
    file: 'co2-concentration.csv',
    description: 'CO2 in the air at Mauna Loa in parts per million, by month since 1958.',
  },
  earthquakes: {
    file: 'earthquakes.json',
    description: 'One GeoJSON document of earthquakes; SELECT unnest(features) has one row each.',
  },
  football: {
    file: 'football.json',
    description: 'Football matches in Europe, 2013 to 2017: date, division, teams, score.',
  },
  gapminder: {
    file: 'gapminder.json',
    description: 'Population, life expectancy and fertility by country, every five years from 1955.',
  },
  jobs: {
    file: 'jobs.json',
    description: 'People in the US by occupation and sex, each decade from 1850.',
  },
  movies: {
    file: 'movies.json',
    description: 'Films with budget, gross, ratings, genre and director.',
  },
  penguins: {
    file: 'penguins.json',
    description: 'Penguins of the Palmer Archipelago: species, island, sizes in mm, mass in g.',
  },
  seattle_weather: {
    file: 'seattle-weather.csv',
    description: 'Weather in Seattle, one row a day, 2012 to 2015; degrees Celsius, mm.',
  },
  species: {
    file: 'species.csv',
    description: 'Share of each US county that is habitat of a few animals.',
  },
  stocks: {
    file: 'stocks.csv',
    description: 'Prices of five stocks by month, 2000 to 2010.',
  },
  unemployment: {
    file: 'unemployment.tsv',
    description: 'Rate of unemployment by US county (FIPS code).',
  },
  us_employment: {
    file: 'us-employment.csv',
    description: 'Jobs in the US by sector in thousands, by month from 2006.',
  },
  weather: {
    file: 'weather.csv',
    description: 'Weather in Seattle and New York, one row a day, 2012 to 2015; degrees Celsius, mm.',
  },
  zipcodes: {
    file: 'zipcodes.csv',
    description: 'US ZIP codes with city, state, county and position.',
  },
};

/** Registered and published like the others, but not granted to the analyst. */
export const WITHHELD = 'movies';

export const QUESTION = 'Which airports do most flights leave from, and how late are they?';

export const SQL = `SELECT f.origin, a.name AS airport, a.city, count(*) AS flights, round(avg(f.delay), 1) AS average_delay
FROM flights AS f JOIN airports AS a ON a.iata = f.origin
GROUP BY ALL ORDER BY flights DESC LIMIT 5`;
