/** Which files of vega-datasets become tables: the name that an analyst sees, and the file. */
export const TABLES: Readonly<Record<string, string>> = {
  flights: 'flights-3m.parquet',
  airports: 'airports.csv',
  birdstrikes: 'birdstrikes.csv',
  cars: 'cars.json',
  co2_concentration: 'co2-concentration.csv',
  earthquakes: 'earthquakes.json',
  football: 'football.json',
  gapminder: 'gapminder.json',
  jobs: 'jobs.json',
  movies: 'movies.json',
  penguins: 'penguins.json',
  seattle_weather: 'seattle-weather.csv',
  species: 'species.csv',
  stocks: 'stocks.csv',
  unemployment: 'unemployment.tsv',
  us_employment: 'us-employment.csv',
  weather: 'weather.csv',
  zipcodes: 'zipcodes.csv',
};

/** Registered and published like the others, but not granted to the analyst. */
export const WITHHELD = 'movies';

export const QUESTION = 'Which airports do most flights leave from, and how late are they?';

export const SQL = `SELECT f.origin, a.name AS airport, a.city, count(*) AS flights, round(avg(f.delay), 1) AS average_delay
FROM flights AS f JOIN airports AS a ON a.iata = f.origin
GROUP BY ALL ORDER BY flights DESC LIMIT 5`;
