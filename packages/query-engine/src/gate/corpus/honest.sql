-- # plain
SELECT 1
SELECT 1;
SELECT 1;;
SELECT 1; -- the end
-- the start␤SELECT 1
/* a */ SELECT /* b */ 1 /* c */
/* outer /* inner */ still outer */ SELECT 1
SELECT count(*) FROM orders
FROM orders ORDER BY id LIMIT 5
TABLE orders ORDER BY id LIMIT 3
VALUES (1, 'a'), (2, 'b')
SELECT * FROM main.orders ORDER BY id LIMIT 5
SELECT main.orders.id FROM main.orders ORDER BY 1 LIMIT 3
SELECT o.id, o.amount FROM orders o WHERE o.amount > 100 ORDER BY o.id
SELECT o.id, o.amount FROM orders AS o WHERE o.status = 'paid' AND o.amount BETWEEN 10 AND 200 ORDER BY ALL
SELECT DISTINCT status FROM orders ORDER BY 1
SELECT DISTINCT ON (customer_id) customer_id, id, ordered_at FROM orders ORDER BY customer_id, id
SELECT status, count(*) AS n, sum(amount) AS total FROM orders GROUP BY status ORDER BY n DESC, status
SELECT status, count(*) AS n FROM orders GROUP BY ALL HAVING n > 3 ORDER BY ALL
SELECT status, region, sum(amount) FROM orders JOIN customers ON customers.id = orders.customer_id GROUP BY ROLLUP (status, region) ORDER BY ALL
SELECT status, region, sum(amount) FROM orders JOIN customers ON customers.id = orders.customer_id GROUP BY CUBE (status, region) ORDER BY ALL
SELECT status, grouping(status), count(*) FROM orders GROUP BY GROUPING SETS ((status), ()) ORDER BY ALL
SELECT status, grouping_id(status) AS g FROM orders GROUP BY ROLLUP (status) ORDER BY ALL
SELECT * EXCLUDE (note, tags, detail, attributes) FROM orders ORDER BY id LIMIT 3
SELECT * REPLACE (amount * 2 AS amount) FROM orders ORDER BY id LIMIT 3
SELECT * RENAME (amount AS price) FROM orders ORDER BY id LIMIT 3
SELECT COLUMNS('.*id') FROM orders ORDER BY ALL LIMIT 3
SELECT COLUMNS(c -> c LIKE '%id') FROM orders ORDER BY ALL LIMIT 3
SELECT min(COLUMNS(* EXCLUDE (tags, detail, attributes, note))) FROM orders
SELECT coalesce(*COLUMNS(['note', 'status'])) FROM orders ORDER BY ALL LIMIT 3
SELECT orders.* FROM orders ORDER BY id LIMIT 2
SELECT id AS "Order №", amount AS "příjem" FROM orders ORDER BY 1 LIMIT 2
SELECT "id", "amount" FROM "orders" ORDER BY "id" LIMIT 2
select ID, Amount from ORDERS order by Id limit 2
SELECT id FROM orders ORDER BY amount DESC NULLS LAST, id LIMIT 5 OFFSET 2
SELECT id FROM orders ORDER BY id LIMIT 10%
SELECT count(*) FROM (SELECT * FROM orders USING SAMPLE 50% (bernoulli, 7)) s WHERE id < 0
SELECT count(*) <= 20 FROM orders TABLESAMPLE reservoir(20 ROWS)
SELECT id, CASE status WHEN 'paid' THEN 1 WHEN 'open' THEN 2 ELSE 3 END AS rank FROM orders ORDER BY id LIMIT 5
SELECT id, if(amount > 50, 'large', 'small') AS size FROM orders ORDER BY id LIMIT 5
SELECT x: id, y: amount FROM orders ORDER BY x LIMIT 3
SELECT #1, #2 FROM (SELECT id, amount FROM orders) ORDER BY 1 LIMIT 2
SELECT t FROM (SELECT id, status FROM orders ORDER BY id LIMIT 2) t
SELECT 1 AS a, a + 1 AS b, b * 2 AS c
SELECT (SELECT max(amount) FROM orders) AS top, (SELECT min(amount) FROM orders) AS low
SELECT id FROM orders WHERE amount > (SELECT avg(amount) FROM orders) ORDER BY id
SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id AND c.region = 'north') ORDER BY id
SELECT id FROM orders WHERE customer_id NOT IN (SELECT id FROM customers WHERE region = 'south') ORDER BY id
SELECT id FROM customers WHERE id = ANY (SELECT customer_id FROM orders) ORDER BY id
SELECT id FROM customers WHERE id <> ALL (SELECT customer_id FROM orders WHERE status = 'paid') ORDER BY id
SELECT ARRAY(SELECT id FROM orders ORDER BY id LIMIT 3)
SELECT 1 WHERE (1, 2) IN (SELECT 1, 2)
SELECT sum(amount) FILTER (WHERE status = 'paid') AS paid, count(*) FILTER (status = 'open') AS open FROM orders
SELECT 1_000_000, 0xff, 0b11, 1e3, .5, 5.
SELECT sum(amount) FROM orders LIMIT ALL
SELECT count() FROM orders
SELECT user FROM (SELECT 'u' AS user)
SELECT current_date = today(), now() IS NOT NULL, current_timestamp IS NOT NULL
-- # names that look forbidden
SELECT 1 AS getenv
SELECT 1 AS query, 2 AS read_csv, 3 AS "drop", 4 AS copy
WITH read_csv AS (SELECT 1 AS x) SELECT * FROM read_csv
WITH getenv AS (SELECT 1 AS x), query AS (SELECT x + 1 AS y FROM getenv) FROM query
SELECT query FROM (SELECT 'text' AS query)
SELECT load, install, attach FROM (SELECT 1 AS load, 2 AS install, 3 AS attach)
SELECT secrets FROM (SELECT 1 AS secrets)
WITH secrets AS (SELECT id FROM orders) SELECT count(*) FROM secrets
WITH duckdb_tables AS (SELECT 1 AS x) FROM duckdb_tables
WITH sqlite_master AS (SELECT 1 AS x) FROM sqlite_master
WITH orders AS (SELECT 1 AS id) SELECT * FROM orders
WITH orders AS (SELECT * FROM orders WHERE id < 5) SELECT count(*) FROM orders
WITH ORDERS AS (SELECT 7 AS id) SELECT * FROM orders
SELECT stats FROM (SELECT 1 AS stats)
SELECT 'DROP TABLE orders; COPY x TO ''/tmp/y''' AS text
SELECT id FROM orders WHERE note LIKE '/home%' OR note = '../x' ORDER BY id
SELECT id, ordered_at AS last_update FROM orders ORDER BY id LIMIT 3
SELECT 'read_csv(''x'')' AS a, 'information_schema' AS b, 'pragma x' AS c
SELECT id AS payload FROM orders ORDER BY payload LIMIT 1
SELECT '`' || note || '`' FROM orders ORDER BY id LIMIT 2
SELECT $$it's $1 ? text;$$ AS a, $tag$ $$ $tag$ AS b
SELECT 'a;b' AS a, ';' AS b;
SELECT 'http://example.com/a?b=c' AS url, 's3://bucket/key' AS s3
SELECT e'tab\there\'s' AS a
SELECT 'řeka' AS "Žluťoučký", '日本' AS "国"
SELECT 1 AS "SELECT", 2 AS "from", 3 AS "a""b"
SELECT id AS "orders" FROM orders ORDER BY 1 LIMIT 1
SELECT d."query" FROM (SELECT 1 AS "query") d
SELECT 1 -- comment; DROP TABLE x
SELECT count(*) AS "count_star()" FROM orders
-- # CTEs and recursion
WITH a AS (SELECT 1 AS x) FROM a
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a), c AS (FROM b) SELECT * FROM a, b, c
WITH a AS MATERIALIZED (SELECT * FROM orders) SELECT count(*) FROM a x JOIN a y USING (id)
WITH a AS NOT MATERIALIZED (SELECT * FROM orders) SELECT count(*) FROM a
WITH a(x, y) AS (VALUES (1, 2)) SELECT x + y FROM a
WITH a AS (WITH b AS (SELECT 1 AS x) SELECT * FROM b) SELECT * FROM a
WITH a AS (SELECT 1 AS x) SELECT * FROM (WITH a AS (SELECT 2 AS x) FROM a) b, a
WITH a AS (SELECT 1 AS x) SELECT (WITH b AS (FROM a) SELECT x FROM b) AS y
WITH a AS (SELECT 1 AS x) SELECT * FROM orders WHERE id IN (FROM a) ORDER BY id
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT sum(n) FROM t
WITH RECURSIVE tree AS (SELECT id, parent_id, name, [id] AS path FROM nodes WHERE parent_id IS NULL UNION ALL SELECT n.id, n.parent_id, n.name, list_append(path, n.id) FROM nodes n JOIN tree ON n.parent_id = tree.id) SELECT * FROM tree ORDER BY path
WITH RECURSIVE t(n, f) AS (VALUES (1, 1) UNION ALL SELECT n + 1, f * (n + 1) FROM t WHERE n < 6) FROM t ORDER BY n
WITH RECURSIVE t(k, v) USING KEY (k) AS (SELECT 1, 10 UNION SELECT k, v - 1 FROM t WHERE v > 5) FROM t
WITH RECURSIVE a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) FROM b
WITH RECURSIVE t AS (SELECT 1 AS n UNION SELECT (n * 2) % 7 FROM t) SELECT * FROM t ORDER BY n
WITH days AS (SELECT unnest(generate_series(DATE '2025-01-01', DATE '2025-01-10', INTERVAL 1 DAY))::DATE AS day) SELECT day, count(o.id) FROM days LEFT JOIN orders o ON o.ordered_at::DATE = day GROUP BY day ORDER BY day
WITH ranked AS (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY ordered_at DESC, id) AS rn FROM orders) SELECT customer_id, id FROM ranked WHERE rn = 1 ORDER BY customer_id
WITH a AS (SELECT 1 AS x UNION ALL SELECT 2), b AS (SELECT * FROM a EXCEPT SELECT 1) FROM b
-- # windows
SELECT id, row_number() OVER (ORDER BY id) FROM orders ORDER BY id LIMIT 5
SELECT id, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(4) OVER w FROM orders WINDOW w AS (ORDER BY amount, id) ORDER BY id
SELECT id, lag(amount) OVER (ORDER BY id), lead(amount, 2, 0) OVER (ORDER BY id) FROM orders ORDER BY id
SELECT id, sum(amount) OVER (PARTITION BY status ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM orders ORDER BY id
SELECT id, avg(amount) OVER (ORDER BY ordered_at RANGE BETWEEN INTERVAL 3 DAY PRECEDING AND INTERVAL 3 DAY FOLLOWING) FROM orders ORDER BY id
SELECT id, first_value(amount) OVER w, last_value(amount) OVER w, nth_value(amount, 2) OVER w FROM orders WINDOW w AS (PARTITION BY status ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY id
SELECT id, sum(amount) OVER (ORDER BY id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders ORDER BY id
SELECT id, last_value(note IGNORE NULLS) OVER (ORDER BY id) FROM orders ORDER BY id
SELECT id, count(*) FILTER (WHERE status = 'paid') OVER (ORDER BY id) FROM orders ORDER BY id
SELECT customer_id, id, amount FROM orders QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY amount DESC, id) <= 2 ORDER BY ALL
SELECT id FROM orders QUALIFY amount > avg(amount) OVER () ORDER BY id
SELECT id, sum(DISTINCT customer_id) OVER (PARTITION BY status) FROM orders ORDER BY id
SELECT id, string_agg(status, ',' ORDER BY id DESC) OVER (ORDER BY id ROWS 2 PRECEDING) FROM orders ORDER BY id
SELECT id, fill(CASE WHEN id % 3 = 0 THEN NULL ELSE id END) OVER (ORDER BY id) FROM orders ORDER BY id
SELECT status, sum(sum(amount)) OVER (ORDER BY status) FROM orders GROUP BY status ORDER BY status
SELECT id, amount / sum(amount) OVER () AS share FROM orders ORDER BY id
SELECT id, quantile_cont(amount, 0.5) OVER (ORDER BY id ROWS 10 PRECEDING) FROM orders ORDER BY id
-- # joins and sets
SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id LIMIT 5
SELECT count(*) FROM orders LEFT JOIN customers ON customers.id = orders.customer_id
SELECT count(*) FROM orders RIGHT JOIN customers ON customers.id = orders.customer_id
SELECT count(*) FROM orders o FULL OUTER JOIN customers c ON c.id = o.customer_id
SELECT count(*) FROM customers a CROSS JOIN customers b
SELECT count(*) FROM customers a, customers b WHERE a.region = b.region
SELECT count(*) FROM orders NATURAL JOIN (SELECT id FROM customers)
SELECT count(*) FROM orders o SEMI JOIN customers c ON c.id = o.customer_id
SELECT count(*) FROM customers c ANTI JOIN orders o ON c.id = o.customer_id
SELECT a.id, b.id FROM customers a POSITIONAL JOIN customers b ORDER BY a.id LIMIT 3
SELECT p.at, q.price FROM (SELECT p.at FROM prices p) p ASOF JOIN prices q ON p.at >= q.at ORDER BY ALL LIMIT 5
SELECT o.id, p.price FROM orders o ASOF LEFT JOIN prices p ON o.ordered_at >= p.at ORDER BY o.id LIMIT 5
SELECT o.id, p.price FROM orders o ASOF JOIN prices p ON o.customer_id = p.product_id AND o.ordered_at >= p.at ORDER BY ALL LIMIT 5
SELECT c.id, t.id FROM customers c, LATERAL (SELECT o.id FROM orders o WHERE o.customer_id = c.id ORDER BY o.id LIMIT 2) t ORDER BY ALL
SELECT c.id, t.n FROM customers c LEFT JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer_id = c.id) t ON true ORDER BY ALL
SELECT id FROM orders UNION SELECT id FROM customers ORDER BY 1 LIMIT 5
SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY 1 LIMIT 5
SELECT id, name FROM customers UNION ALL BY NAME SELECT id, status FROM orders ORDER BY ALL LIMIT 5
SELECT id FROM orders EXCEPT SELECT id FROM customers ORDER BY 1
SELECT id FROM orders INTERSECT SELECT id FROM customers ORDER BY 1
SELECT id FROM orders EXCEPT ALL SELECT id FROM customers ORDER BY 1
(SELECT 1 AS x UNION SELECT 2) INTERSECT (SELECT 2 UNION SELECT 3)
SELECT * FROM (SELECT 1 AS a) JOIN (SELECT 1 AS a, 2 AS b) USING (a)
SELECT * FROM (VALUES (1, 'x'), (2, 'y')) v(a, b) ORDER BY a
SELECT r FROM range(1, 10, 3) t(r)
SELECT * FROM generate_series(DATE '2025-01-01', DATE '2025-01-03', INTERVAL 1 DAY) t(d)
SELECT * FROM range(3) a(x), range(x) b(y) ORDER BY ALL
SELECT * FROM repeat_row(1, 'a', num_rows := 3)
SELECT * FROM repeat('a', 2)
SELECT id, u FROM orders, unnest(tags) t(u) ORDER BY ALL LIMIT 5
SELECT unnest(l) AS v, generate_subscripts(l, 1) AS i FROM (SELECT ['a', 'b'] AS l)
SELECT key, value FROM json_each('{"a": 1, "b": [2]}')
SELECT fullkey, atom FROM json_tree('{"a": {"b": 1}}') ORDER BY ALL
SELECT o.id, j.key FROM orders o, json_each(o.attributes) j ORDER BY ALL LIMIT 4
SELECT (o.id, c.name) FROM orders o JOIN customers c ON c.id = o.customer_id AND c.region <> 'south' WHERE o.id < 9 ORDER BY o.id
-- # PIVOT with values
PIVOT orders ON status IN ('paid', 'open') USING sum(amount) GROUP BY customer_id ORDER BY customer_id
PIVOT orders ON status IN ('paid' AS p, 'open' AS o) USING count(*) GROUP BY customer_id ORDER BY customer_id
SELECT * FROM (SELECT status, customer_id, amount FROM orders) PIVOT (sum(amount) FOR status IN ('paid', 'open')) ORDER BY customer_id
FROM (SELECT status, customer_id, amount FROM orders) PIVOT (sum(amount) AS s, max(amount) AS m FOR status IN ('paid', 'open') GROUP BY customer_id) ORDER BY ALL
PIVOT orders ON status IN ('paid'), customer_id IN (1, 2) USING count(*) GROUP BY tags ORDER BY ALL
PIVOT orders ON year(ordered_at) IN (2024, 2025) USING count(*) GROUP BY status ORDER BY status
FROM orders PIVOT (count(*) FOR status IN ('paid') customer_id IN (1, 2) GROUP BY status) ORDER BY ALL
PIVOT orders USING sum(amount) GROUP BY status ORDER BY status
PIVOT orders GROUP BY status ORDER BY status
-- # PIVOT without values
PIVOT orders ON status USING sum(amount) GROUP BY customer_id ORDER BY customer_id
PIVOT orders ON status USING count(*) GROUP BY customer_id ORDER BY customer_id LIMIT 3
PIVOT orders ON status
PIVOT (SELECT status, amount FROM orders) ON status USING sum(amount)
PIVOT (SELECT status, amount FROM orders) ON status USING sum(amount);
PIVOT orders ON note USING count(*) GROUP BY status ORDER BY status
PIVOT orders ON customer_id USING count(*) GROUP BY status ORDER BY status
PIVOT orders ON amount > 50 USING count(*) GROUP BY status ORDER BY status
PIVOT orders ON year(ordered_at) USING sum(amount) AS total, count(*) AS n GROUP BY status ORDER BY status
PIVOT orders ON year(ordered_at), status USING count(*) GROUP BY customer_id ORDER BY customer_id
PIVOT orders ON (status, year(ordered_at)) USING count(*) GROUP BY customer_id ORDER BY customer_id
PIVOT orders ON status || '/' || customer_id USING count(*)
PIVOT orders ON status, customer_id IN (1, 2) USING count(*)
PIVOT orders ON status IN (SELECT DISTINCT status FROM orders ORDER BY 1 DESC LIMIT 2) USING sum(amount) GROUP BY customer_id ORDER BY ALL
PIVOT orders ON ordered_at::DATE USING count(*) GROUP BY status ORDER BY status
PIVOT (FROM orders WHERE amount > 20) ON status USING avg(amount) GROUP BY customer_id ORDER BY customer_id
PIVOT (FROM orders WHERE false) ON status USING avg(amount) GROUP BY customer_id
PIVOT (SELECT status, amount, id FROM orders WHERE status IS NULL) ON status USING avg(amount)
PIVOT_WIDER orders ON status USING count(*) GROUP BY customer_id ORDER BY ALL
FROM (PIVOT orders ON status USING sum(amount) GROUP BY customer_id) ORDER BY customer_id
SELECT customer_id, paid FROM (PIVOT orders ON status USING sum(amount) GROUP BY customer_id) WHERE paid > 10 ORDER BY ALL
WITH p AS (PIVOT orders ON status USING sum(amount) GROUP BY customer_id) SELECT c.name, p.* FROM p JOIN customers c ON c.id = p.customer_id ORDER BY ALL
WITH o AS (FROM orders WHERE amount > 10), p AS (PIVOT o ON status USING count(*) GROUP BY customer_id) FROM p ORDER BY ALL
WITH o AS (FROM orders) PIVOT o ON status USING count(*) GROUP BY customer_id ORDER BY ALL
WITH orders AS (SELECT 'a' AS status, 1 AS amount) PIVOT orders ON status USING sum(amount)
SELECT * FROM (PIVOT orders ON status USING count(*) GROUP BY customer_id) a JOIN (PIVOT orders ON year(ordered_at) USING count(*) GROUP BY customer_id) b USING (customer_id) ORDER BY ALL
PIVOT (PIVOT (SELECT *, year(ordered_at) AS y FROM orders) ON status USING count(*) GROUP BY customer_id, y) ON customer_id USING sum(paid)
PIVOT (SELECT *, year(ordered_at) AS y FROM orders) ON status USING sum(amount) GROUP BY customer_id, y ORDER BY ALL
PIVOT orders ON status USING sum(amount) GROUP BY customer_id UNION ALL BY NAME PIVOT orders ON status USING max(amount) GROUP BY customer_id ORDER BY ALL
SELECT count(*) FROM (PIVOT orders ON status)
SELECT * FROM customers WHERE id IN (SELECT customer_id FROM (PIVOT orders ON status USING count(*) GROUP BY customer_id)) ORDER BY id
DESCRIBE PIVOT orders ON status USING sum(amount) GROUP BY customer_id
SUMMARIZE FROM (PIVOT orders ON status USING count(*) GROUP BY customer_id)
PIVOT orders JOIN customers ON customers.id = orders.customer_id ON region USING sum(amount) GROUP BY status ORDER BY status
PIVOT (orders JOIN customers ON customers.id = orders.customer_id) ON region USING sum(amount) GROUP BY status ORDER BY status
-- per status␤PIVOT orders␤ON status -- the column␤USING sum(amount)␤GROUP BY customer_id␤ORDER BY customer_id
PIVOT (SELECT 'it''s' AS k, 1 AS v UNION ALL SELECT 'a "b"', 2 UNION ALL SELECT '', 3) ON k USING sum(v)
PIVOT (SELECT unnest(['x;y', '--z', '/*', 'č', NULL]) AS k, 1 AS v) ON k USING sum(v)
PIVOT range(12) r(n) ON n USING count(*)
PIVOT (SELECT 9007199254740993 AS k, 1e20 AS d, 0.1 AS v) ON k USING sum(v) GROUP BY d
PIVOT orders ON CASE WHEN amount > 50 THEN 'ON' ELSE 'IN' END USING count(*) GROUP BY status ORDER BY status
PIVOT orders ON tags USING count(*) GROUP BY status ORDER BY status
PIVOT orders ON {'s': status} USING count(*)
PIVOT orders ON list_transform(tags, x -> upper(x)) USING count(*)
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) PIVOT t ON n USING count(*)
-- # UNPIVOT
UNPIVOT sales ON jan, feb, mar INTO NAME month VALUE sold
UNPIVOT sales ON COLUMNS(* EXCLUDE (id)) INTO NAME month VALUE sold ORDER BY ALL
UNPIVOT sales ON (jan, feb) AS first_two, (feb, mar) AS last_two INTO NAME part VALUE a, b ORDER BY ALL
SELECT * FROM sales UNPIVOT (sold FOR month IN (jan, feb AS f)) ORDER BY ALL
SELECT * FROM sales UNPIVOT INCLUDE NULLS (sold FOR month IN (jan, feb, mar)) ORDER BY ALL
WITH u AS (UNPIVOT sales ON jan, feb INTO NAME month VALUE sold) SELECT month, sum(sold) FROM u GROUP BY month ORDER BY month
FROM (UNPIVOT sales ON jan, feb) ORDER BY ALL
UNPIVOT (SELECT id, jan + 1 AS jan FROM sales) ON jan
-- # lists, structs, maps, lambdas
SELECT list_transform([1, 2, 3], x -> x * 2)
SELECT list_transform([1, 2, 3], lambda x: x + 1), list_filter([1, 2, 3], lambda x: x > 1)
SELECT list_reduce([1, 2, 3], (a, b) -> a + b)
SELECT [x * 2 FOR x IN [1, 2, 3] IF x > 1]
SELECT id, len(tags), tags[1], tags[-1], tags[1:2] FROM orders ORDER BY id LIMIT 3
SELECT id, list_contains(tags, 'red'), list_sort(tags), list_distinct(tags) FROM orders ORDER BY id LIMIT 3
SELECT list_aggregate([1, 2, 3], 'sum'), list_sum([1, 2]), list_avg([1, 2]), list_max([1, 2])
SELECT flatten([[1], [2, 3]]), list_concat([1], [2]), [1] || [2], list_zip([1, 2], ['a', 'b'])
SELECT range(3), generate_series(1, 3), list_slice([1, 2, 3], 1, 2)
SELECT array_agg(id ORDER BY id DESC) FROM orders WHERE id < 5
SELECT list(DISTINCT status ORDER BY status) FROM orders
SELECT unnest([1, 2]), unnest(['a', 'b'])
SELECT unnest({'a': 1, 'b': 2})
SELECT unnest([{'a': 1}, {'a': 2}], recursive := true)
SELECT detail.sku, detail.qty FROM orders ORDER BY id LIMIT 3
SELECT detail.* FROM orders ORDER BY ALL LIMIT 3
SELECT struct_extract(detail, 'sku'), detail['qty'] FROM orders ORDER BY id LIMIT 2
SELECT struct_pack(a := 1, b := 'x'), {'a': 1}, row(1, 2), struct_insert({'a': 1}, b := 2)
SELECT MAP {'a': 1}['a'], map_keys(MAP {'a': 1}), map_entries(map(['a'], [1])), element_at(MAP {'a': 1}, 'a')
SELECT map_from_entries([('a', 1)]), cardinality(MAP {'a': 1})
SELECT list_cosine_similarity([1.0, 2.0], [2.0, 3.0]), array_distance([1, 2]::FLOAT[2], [3, 4]::FLOAT[2])
SELECT ('Hello').upper().reverse(), ('a,b').split(',')
SELECT id, note.upper() FROM orders WHERE note IS NOT NULL ORDER BY id LIMIT 2
SELECT list_has_any(tags, ['red']), list_position(tags, 'red') FROM orders ORDER BY id LIMIT 3
SELECT union_value(a := 1), union_tag(union_value(a := 1)), union_extract(union_value(a := 1), 'a')
SELECT list_where([1, 2], [true, false]), list_select([1, 2], [2]), list_grade_up([3, 1])
SELECT histogram(status), mode(status) FROM orders
SELECT list_transform(tags, (t, i) -> t || i) FROM orders ORDER BY id LIMIT 2
-- # dates and times
SELECT date_trunc('month', ordered_at) AS m, count(*) FROM orders GROUP BY m ORDER BY m
SELECT year(ordered_at), month(ordered_at), dayofweek(ordered_at), extract(quarter FROM ordered_at) FROM orders ORDER BY id LIMIT 3
SELECT ordered_at + INTERVAL 1 MONTH, ordered_at - INTERVAL '2 days', ordered_at::DATE + 1 FROM orders ORDER BY id LIMIT 2
SELECT date_diff('day', DATE '2025-01-01', DATE '2025-03-01'), datediff('hour', TIMESTAMP '2025-01-01', TIMESTAMP '2025-01-02')
SELECT strftime(ordered_at, '%Y-%m'), strptime('2025-02-03', '%Y-%m-%d') FROM orders ORDER BY id LIMIT 2
SELECT TIMESTAMPTZ '2025-01-01 00:00:00+02' AT TIME ZONE 'Europe/Prague', timezone('UTC', TIMESTAMP '2025-01-01')
SELECT age(TIMESTAMP '2025-05-01', TIMESTAMP '2024-01-15'), epoch(TIMESTAMP '2025-01-01'), to_timestamp(0)
SELECT last_day(DATE '2024-02-01'), dayname(DATE '2024-02-29'), monthname(DATE '2024-02-29'), make_date(2024, 2, 29)
SELECT time_bucket(INTERVAL '1 week', ordered_at) AS w, sum(amount) FROM orders GROUP BY w ORDER BY w
SELECT DATE '2025-01-01', TIME '10:00', TIMESTAMP '2025-01-01 10:00', INTERVAL '1' YEAR, INTERVAL (3) HOUR
SELECT date_part(['year', 'month'], DATE '2025-03-04'), isoyear(DATE '2025-01-01'), week(DATE '2025-01-01')
SELECT DATE '2025-01-15' NOT BETWEEN DATE '2025-01-01' AND DATE '2025-02-01'
SELECT ordered_at FROM orders WHERE ordered_at >= '2025-01-01' AND ordered_at < DATE '2025-02-01' ORDER BY 1
SELECT to_days(3), to_hours(2), current_date - current_date
SELECT min(ordered_at), max(ordered_at), max(ordered_at) - min(ordered_at) FROM orders
SELECT localtime IS NOT NULL, localtimestamp IS NOT NULL, current_time IS NOT NULL
-- # texts, patterns, json, numbers
SELECT upper('a'), lower('B'), length('č'), trim('  x '), ltrim('xa', 'x'), lpad('1', 3, '0'), reverse('ab'), repeat('a', 3)
SELECT trim(BOTH 'x' FROM 'xax'), substring('hello' FROM 2 FOR 3), substr('hello', 2), left('hello', 2), position('l' IN 'hello')
SELECT 'a' || 'b' || NULL, concat('a', NULL, 'b'), concat_ws('-', 'a', 'b'), 'x' IN ('x', 'y')
SELECT split_part('a-b', '-', 2), string_split('a b', ' '), replace('aab', 'a', 'c'), translate('abc', 'ab', 'xy')
SELECT id FROM orders WHERE note LIKE 'n%' AND note NOT LIKE '%9' AND note ILIKE '%OTE%' ORDER BY id LIMIT 5
SELECT 'a_b' LIKE 'a\_b' ESCAPE '\', 'abc' SIMILAR TO 'a.*', 'abc' ~ 'a.c', 'abc' GLOB 'a*', 'a' ^@ 'a', 'x' !~ 'y'
SELECT regexp_matches('abc', 'b'), regexp_replace('abc', 'b', 'x'), regexp_extract('a1', '([a-z])(\d)', 2), regexp_extract_all('a1b2', '\d')
SELECT format('{} of {}', 1, 2), printf('%05.2f', 3.14159), format('{:,}', 1234567)
SELECT levenshtein('a', 'b'), jaro_winkler_similarity('duck', 'duke'), jaccard('ab', 'abc'), hamming('ab', 'ac')
SELECT md5('a'), sha256('a'), hash('a') = hash('a'), base64('a'::BLOB), hex('a'), encode('a'), decode('a'::BLOB)
SELECT attributes->'k', attributes->>'k', attributes->>'$.n', json_extract(attributes, '$.n')::INT FROM orders ORDER BY id LIMIT 3
SELECT json_extract_string(attributes, 'k'), json_type(attributes), json_keys(attributes), attributes.k FROM orders ORDER BY id LIMIT 3
SELECT to_json({'a': [1, NULL]}), json_object('a', 1), json_array(1, 'b'), json_group_array(id) FROM range(3) t(id)
SELECT json_transform('{"a": {"b": [1, 2]}, "c": "2024-01-01", "d": 1.5}', '{"a": {"b": ["BIGINT"]}, "c": "timestamp with time zone", "d": "DECIMAL(10, 2)"}')
SELECT from_json('[{"2": "x", "1": null}]', '[{"2": "varchar", "1": "integer[]"}]'), json_transform('["a"]', '["JSON"]'::JSON)
SELECT from_json('{"a": 1}', '{"a": "INTEGER"}'), json_array_length('[1, 2]'), json_valid('{'), '{"a": 1}'::JSON
SELECT json_group_object(status, n) FROM (SELECT status, count(*) AS n FROM orders GROUP BY status ORDER BY status)
SELECT abs(-1), round(2.567, 2), ceil(1.2), floor(1.8), sqrt(4), power(2, 3), 2 ** 3, 7 // 2, 7 % 3, mod(7, 3), sign(-2), ln(1), log10(100), exp(0), pi()
SELECT greatest(1, 2), least(1, 2), coalesce(NULL, 1), nullif(1, 1), ifnull(NULL, 2), 1 IS DISTINCT FROM NULL, NULL IS NULL, 1 ISNULL, 2 NOTNULL
SELECT 1 & 3, 1 | 2, xor(1, 3), ~1, 1 << 3, 8 >> 1, bit_count(7), NOT false, factorial(5)
SELECT '12'::INT, CAST('1.5' AS DECIMAL(4, 1)), TRY_CAST('x' AS INT), 'true'::BOOL, 1::VARCHAR, 1.5::DOUBLE PRECISION, '{"a": 1}'::STRUCT(a INT), '[1, 2]'::INT[], 'a'::ENUM('a', 'b'), uuid()::UUID IS NOT NULL
SELECT TRY(1 / 0), TRY(CAST('x' AS INT)), typeof(1.0), 1 / 3, 1.0 / 0
SELECT 'NaN'::DOUBLE, 'inf'::DOUBLE, 1e400 IS NULL, 9007199254740993, 170141183460469231731687303715884105727
SELECT strip_accents('čau'), unicode('a'), chr(97), ascii('a'), starts_with('ab', 'a'), suffix('ab', 'b'), contains('abc', 'b'), bar(5, 0, 10)
SELECT format_bytes(1024), formatReadableSize(2000), pg_size_pretty(1000), to_base(255, 16), url_encode('a b')
SELECT note COLLATE nocase = 'NOTE 1' COLLATE nocase FROM orders ORDER BY id LIMIT 2
SELECT id FROM orders ORDER BY status COLLATE de, id LIMIT 3
SELECT count(DISTINCT customer_id), approx_count_distinct(id) > 0, median(amount), quantile_cont(amount, [0.25, 0.75]), stddev(amount), var_pop(amount), corr(id, amount), mad(amount) FROM orders
SELECT arg_max(id, amount), arg_min(id, amount), max_by(id, amount), max(amount, 2), min(id, 3), any_value(status) IS NOT NULL, first(id ORDER BY id), last(id ORDER BY id) FROM orders
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY amount), mode() WITHIN GROUP (ORDER BY status) FROM orders
SELECT string_agg(status, ', ' ORDER BY id), group_concat(id::VARCHAR, '-') IS NOT NULL, listagg(status, ',') IS NOT NULL, bool_and(amount > 0), bit_or(id), product(2), count_if(amount > 5) FROM orders WHERE id < 6
SELECT regr_slope(amount, id), regr_intercept(amount, id), covar_samp(amount, id), entropy(status), kurtosis(amount), skewness(amount) FROM orders
SELECT random() < 1, setseed(0.5) IS NULL, gen_random_uuid() IS NOT NULL
SELECT x'ab', '\xAB'::BLOB, bit_length('a'), octet_length('a'::BLOB), '101'::BIT
SELECT geomean(amount + 1) > 0, weighted_avg(amount, id) > 0, fdiv(7, 2), fmod(7, 2) FROM orders
-- # DESCRIBE and SUMMARIZE
DESCRIBE orders
DESC orders
DESCRIBE SELECT id, amount FROM orders
SHOW orders
SUMMARIZE orders
SUMMARIZE SELECT id, amount FROM orders
DESCRIBE main.orders
SELECT column_name, column_type FROM (DESCRIBE orders)
FROM (SUMMARIZE orders) SELECT column_name, min, max
WITH a AS (SELECT 1 AS x) FROM (DESCRIBE a)
DESCRIBE VALUES (1)
