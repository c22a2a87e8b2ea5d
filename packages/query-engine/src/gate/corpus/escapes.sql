-- # a table that is not granted
SELECT * FROM secrets
FROM secrets
TABLE secrets
SELECT * FROM "secrets"
SELECT * FROM SECRETS
SELECT * FROM "SeCrEtS"
SELECT * FROM main.secrets
SELECT * FROM memory.main.secrets
SELECT * FROM memory.secrets
SELECT * FROM "memory"."main"."secrets"
SELECT * FROM salaries
SELECT * FROM main.salaries
SELECT * FROM vault.main.safe
SELECT * FROM vault.safe
SELECT * FROM "vault"."safe"
SELECT * FROM vault/**/.safe
SELECT * FROM vault . safe
SELECT * FROM vault.--␤safe
SELECT count(*) FROM secrets
SELECT (SELECT count(*) FROM secrets)
SELECT EXISTS (FROM secrets)
SELECT 1 WHERE (SELECT max(secret) FROM secrets) > 'A'
SELECT * FROM orders WHERE note IN (SELECT secret FROM secrets)
SELECT * FROM orders WHERE id = ANY (SELECT id FROM secrets)
SELECT * FROM orders ORDER BY (SELECT max(secret) FROM secrets)
SELECT * FROM orders LIMIT (SELECT count(*) FROM secrets)
SELECT * FROM orders OFFSET (SELECT count(*) - 7919 FROM secrets)
SELECT id FROM orders GROUP BY id HAVING count(*) < (SELECT count(*) FROM secrets)
SELECT id FROM orders QUALIFY row_number() OVER (ORDER BY (SELECT max(secret) FROM secrets)) < 9
SELECT sum(amount) OVER (PARTITION BY (SELECT max(secret) FROM secrets)) FROM orders
SELECT count(*) FILTER (WHERE (SELECT true FROM secrets LIMIT 1)) FROM orders
SELECT CASE WHEN (SELECT min(secret) FROM secrets) > 'A' THEN 1 END
SELECT list_transform([1], x -> (SELECT max(secret) FROM secrets))
SELECT [x FOR x IN (SELECT list(secret) FROM secrets)]
SELECT {'a': (SELECT any_value(secret) FROM secrets)}
SELECT ARRAY(SELECT secret FROM secrets LIMIT 1)
SELECT MAP {'a': (SELECT any_value(secret) FROM secrets)}
SELECT CAST((SELECT any_value(secret) FROM secrets) AS INTEGER)
SELECT TRY_CAST((SELECT any_value(secret) FROM secrets) AS VARCHAR)
SELECT error((SELECT any_value(secret) FROM secrets))
SELECT * FROM orders NATURAL JOIN secrets
SELECT * FROM orders LEFT JOIN secrets ON true
SELECT * FROM orders, secrets LIMIT 1
SELECT * FROM orders POSITIONAL JOIN secrets
SELECT * FROM orders ASOF JOIN secrets ON orders.id >= secrets.id
SELECT * FROM orders SEMI JOIN secrets USING (id)
SELECT * FROM orders ANTI JOIN secrets USING (id)
SELECT * FROM orders, LATERAL (SELECT secret FROM secrets WHERE secrets.id > orders.id LIMIT 1)
SELECT note FROM orders UNION ALL SELECT secret FROM secrets
SELECT note FROM orders EXCEPT SELECT secret FROM secrets
SELECT note FROM orders INTERSECT SELECT secret FROM secrets
(SELECT note FROM orders) UNION BY NAME (SELECT secret AS note FROM secrets)
VALUES ((SELECT max(secret) FROM secrets))
SELECT * FROM (VALUES ((SELECT max(secret) FROM secrets))) v(a)
SELECT * FROM range((SELECT count(*) FROM secrets))
SELECT * FROM unnest((SELECT list(secret) FROM secrets))
SELECT unnest((SELECT list(secret) FROM secrets))
SELECT * FROM json_each((SELECT to_json(any_value(secret)) FROM secrets))
SELECT * FROM secrets TABLESAMPLE 10%
SELECT * FROM secrets USING SAMPLE 1 ROWS
SELECT * FROM secrets AS orders
SELECT orders.* FROM secrets orders
SELECT * FROM orders AS secrets, secrets AS s
SELECT * REPLACE ((SELECT max(secret) FROM secrets) AS note) FROM orders
SELECT COLUMNS(c -> c = (SELECT max(secret) FROM secrets)) FROM orders
SELECT * FROM orders WHERE note LIKE (SELECT max(secret) FROM secrets)
SELECT * FROM orders WHERE id BETWEEN 0 AND (SELECT count(*) FROM secrets)
SELECT * FROM (FROM (FROM (FROM (FROM secrets))))
SELECT note COLLATE nocase FROM (SELECT secret AS note FROM secrets)
SELECT DISTINCT ON ((SELECT max(secret) FROM secrets)) * FROM orders
-- # names of CTEs
WITH secrets AS (SELECT 1) SELECT * FROM main.secrets
WITH secrets AS (FROM secrets) FROM secrets
WITH a AS (FROM secrets) FROM a
WITH a AS MATERIALIZED (FROM secrets) FROM a
WITH a AS (FROM b), b AS (FROM secrets) FROM a
WITH a AS (SELECT 1 AS x), b AS (FROM secrets) FROM a
WITH a AS (WITH secrets AS (SELECT 1) FROM secrets) SELECT * FROM a, secrets
SELECT * FROM (WITH secrets AS (SELECT 1 AS x) FROM secrets) s, secrets
WITH secrets AS (WITH inner_one AS (FROM secrets) FROM inner_one) FROM secrets
WITH a AS (FROM secrets), secrets AS (SELECT 1) FROM a
SELECT * FROM secrets WHERE EXISTS (WITH secrets AS (SELECT 1) FROM secrets)
SELECT (WITH secrets AS (SELECT 1 AS x) SELECT x FROM secrets), (SELECT max(secret) FROM secrets)
WITH RECURSIVE secrets AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM secrets WHERE x < 3) SELECT * FROM secrets, main.secrets s2
WITH RECURSIVE secrets AS (FROM secrets) FROM secrets
WITH RECURSIVE r AS (SELECT secret FROM secrets UNION SELECT secret FROM r) FROM r
WITH RECURSIVE r AS (SELECT 'a' AS x UNION SELECT secret FROM secrets, r WHERE r.x = 'a') FROM r
WITH RECURSIVE secrets(x) USING KEY (x) AS (SELECT max(id) FROM secrets UNION SELECT x FROM recurring.secrets WHERE x < 0) FROM secrets
SELECT * FROM recurring.secrets
WITH RECURSIVE r AS (SELECT 1 AS x UNION SELECT x FROM r WHERE x < 0) FROM recurring.secrets
WITH ſecrets AS (SELECT 1) FROM secrets
WITH "secrets " AS (SELECT 1) FROM secrets
WITH "SECRETS" AS (SELECT 1) SELECT * FROM (WITH x AS (FROM main.secrets) FROM x)
WITH sEcReTs AS (SELECT 1), b AS (FROM memory.main.secrets) FROM b
WITH vault AS (SELECT 1) FROM vault.safe
WITH a AS (SELECT 1) SELECT * FROM a UNION ALL SELECT secret FROM secrets
(WITH secrets AS (SELECT 1 AS x) FROM secrets) UNION ALL (SELECT id FROM secrets)
WITH K AS (SELECT 1) FROM "K", secrets
DESCRIBE WITH a AS (FROM secrets) FROM a
-- # functions that read files
SELECT * FROM read_parquet('{dir}/forbidden.parquet')
SELECT * FROM parquet_scan('{dir}/forbidden.parquet')
SELECT * FROM read_csv('{dir}/marker.csv')
SELECT * FROM read_csv_auto('{dir}/marker.csv')
SELECT * FROM read_json('{dir}/marker.json')
SELECT * FROM read_json_auto('{dir}/marker.json')
SELECT * FROM read_ndjson('{dir}/marker.json')
SELECT * FROM read_text('{dir}/marker.csv')
SELECT * FROM read_blob('{dir}/vault.duckdb')
SELECT * FROM read_json_objects('{dir}/marker.json')
SELECT * FROM read_ndjson_objects('{dir}/marker.json')
SELECT * FROM glob('{dir}/*')
SELECT * FROM sniff_csv('{dir}/marker.csv')
SELECT * FROM parquet_metadata('{dir}/forbidden.parquet')
SELECT * FROM parquet_schema('{dir}/forbidden.parquet')
SELECT * FROM parquet_file_metadata('{dir}/forbidden.parquet')
SELECT * FROM parquet_kv_metadata('{dir}/forbidden.parquet')
SELECT * FROM parquet_full_metadata('{dir}/forbidden.parquet')
SELECT * FROM parquet_bloom_probe('{dir}/forbidden.parquet')
SELECT * FROM read_duckdb('{dir}/vault.duckdb')
SELECT * FROM read_parquet(['{dir}/granted.parquet', '{dir}/forbidden.parquet'])
SELECT * FROM read_parquet('{dir}/granted.parquet')
SELECT note FROM read_parquet('{dir}/granted.parquet')
SELECT * FROM READ_PARQUET('{dir}/forbidden.parquet')
SELECT * FROM "read_parquet"('{dir}/forbidden.parquet')
SELECT * FROM main.read_parquet('{dir}/forbidden.parquet')
SELECT * FROM system.main.read_parquet('{dir}/forbidden.parquet')
SELECT * FROM read_parquet/**/('{dir}/forbidden.parquet')
SELECT * FROM read_parquet('{dir}/' || 'forbidden.parquet')
SELECT * FROM read_parquet(concat('{dir}', '/forb', 'idden.parquet'))
SELECT * FROM read_parquet('{dir}/*.parquet', union_by_name := true)
SELECT * FROM read_parquet('{dir}/**/*.parquet', filename := true)
SELECT * FROM read_text('/etc/passwd')
SELECT content FROM read_text('{dir}/*')
SELECT size FROM read_blob('{dir}/vault.duckdb')
SELECT * FROM read_blob('{dir}/granted.parquet')
SELECT * FROM orders, read_text('{dir}/marker.csv')
SELECT * FROM orders, LATERAL read_text('{dir}/marker.csv')
SELECT (SELECT content FROM read_text('{dir}/marker.csv'))
SELECT * FROM read_csv('{dir}/marker.csv', header := false, all_varchar := true)
SELECT * FROM read_csv(getvariable('path'))
WITH read_text AS (SELECT 1) SELECT * FROM read_text('{dir}/marker.csv')
SELECT * FROM summary((SELECT * FROM read_text('{dir}/marker.csv')))
SELECT * FROM repeat((SELECT content FROM read_text('{dir}/marker.csv')), 1)
SELECT * FROM which_secret('s3://x/y', 's3')
SELECT * FROM read_parquet('https://example.com/a.parquet')
SELECT * FROM read_csv('s3://bucket/a.csv')
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM seq_scan()
-- # files in the place of tables
SELECT * FROM '{dir}/forbidden.parquet'
FROM '{dir}/forbidden.parquet'
FROM "{dir}/forbidden.parquet"
FROM '{dir}/marker.csv'
FROM '{dir}/marker.json'
FROM '{dir}/*.parquet'
FROM '{dir}/*.csv'
FROM '{dir}/../*/forbidden.parquet'
FROM '{dir}/./forbidden.parquet'
FROM '{dir}//forbidden.parquet'
FROM 'file://{dir}/forbidden.parquet'
FROM '{dir}/granted.parquet'
FROM '{dir}/vault.duckdb'
FROM main."{dir}/forbidden.parquet"
DESCRIBE '{dir}/forbidden.parquet'
SUMMARIZE '{dir}/forbidden.parquet'
DESCRIBE TABLE '{dir}/forbidden.parquet'
SELECT * FROM orders JOIN '{dir}/forbidden.parquet' f ON true
WITH a AS (FROM '{dir}/forbidden.parquet') FROM a
SELECT (SELECT max(secret) FROM '{dir}/forbidden.parquet')
PIVOT '{dir}/forbidden.parquet' ON secret
PIVOT '{dir}/forbidden.parquet' ON secret USING count(*)
UNPIVOT '{dir}/forbidden.parquet' ON secret
FROM '/etc/passwd'
FROM '../marker.csv'
FROM './marker.csv'
FROM '~/marker.csv'
FROM 'https://example.com/a.csv'
FROM 's3://bucket/a.parquet'
FROM $${dir}/forbidden.parquet$$
FROM e'{dir}/forbidden.parquet'
FROM '{dir}/forbidden.parquet' AS orders
TABLE '{dir}/forbidden.parquet'
-- # SQL in a text
SELECT * FROM query('SELECT * FROM secrets')
FROM query('FROM secrets')
FROM query('FROM sec' || 'rets')
FROM query(concat('FROM ', 'secrets'))
FROM query($$FROM secrets$$)
FROM "query"('FROM secrets')
FROM QUERY('FROM secrets')
FROM main.query('FROM secrets')
FROM system.main.query('FROM secrets')
FROM query('FROM ''{dir}/forbidden.parquet''')
FROM query_table('secrets')
FROM query_table(['orders', 'secrets'])
FROM query_table('sec' || 'rets')
FROM query_table('{dir}/forbidden.parquet')
FROM histogram_values('secrets', 'secret')
FROM histogram('secrets', 'secret')
FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM secrets'))
FROM json_execute_serialized_sql('{"error":false,"statements":[]}')
SELECT json_serialize_plan('SELECT * FROM secrets')
SELECT json_serialize_plan('SELECT * FROM salaries')
SELECT json_serialize_plan('FROM orders')
SELECT json_serialize_sql('SELECT 1')
SELECT json_deserialize_sql(json_serialize_sql('FROM secrets'))
PRAGMA json_execute_serialized_sql('{}')
FROM sql_auto_complete('SELECT * FROM sec')
FROM sql_auto_complete('FROM ')
FROM check_peg_parser('FROM secrets')
SELECT list_aggregate([1], 'query')
SELECT 'FROM secrets'.query()
FROM leak()
SELECT leak_scalar()
SELECT main.leak_scalar()
SELECT memory.main.leak_scalar()
SELECT note.leak_scalar() FROM orders
EXECUTE p
EXECUTE p('a')
PREPARE q AS FROM secrets
DEALLOCATE p
SELECT ?
SELECT $1
SELECT $name
SELECT * FROM orders WHERE id = ?1
CALL query('FROM secrets')
CALL duckdb_tables()
CALL pragma_version()
-- # the catalog
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_views()
SELECT * FROM duckdb_columns()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_schemas()
SELECT * FROM duckdb_functions()
SELECT * FROM duckdb_extensions()
SELECT * FROM duckdb_memory()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM duckdb_variables()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM duckdb_logs()
SELECT * FROM duckdb_log_contexts()
SELECT * FROM duckdb_external_file_cache()
SELECT * FROM duckdb_indexes()
SELECT * FROM duckdb_constraints()
SELECT * FROM duckdb_sequences()
SELECT * FROM duckdb_dependencies()
SELECT * FROM duckdb_types()
SELECT * FROM duckdb_optimizers()
SELECT * FROM duckdb_secret_types()
SELECT * FROM duckdb_connection_count()
SELECT * FROM duckdb_approx_database_count()
SELECT * FROM duckdb_logs_parsed()
SELECT * FROM duckdb_profiling_settings()
SELECT * FROM pragma_database_size()
SELECT * FROM pragma_version()
SELECT * FROM pragma_platform()
SELECT * FROM pragma_user_agent()
SELECT * FROM pragma_collations()
SELECT * FROM icu_calendar_names()
SELECT * FROM pg_timezone_names()
SELECT * FROM test_all_types()
SELECT * FROM pragma_table_info('secrets')
SELECT * FROM pragma_show('secrets')
SELECT * FROM pragma_storage_info('secrets')
SELECT * FROM pragma_metadata_info()
SELECT * FROM duckdb_table_sample('secrets')
SELECT * FROM duckdb_tables
SELECT * FROM duckdb_columns
SELECT * FROM duckdb_views
SELECT * FROM duckdb_databases
SELECT sql FROM sqlite_master
SELECT * FROM sqlite_schema
SELECT * FROM sqlite_temp_master
SELECT * FROM main.sqlite_master
SELECT * FROM "sqlite_master"
SELECT * FROM SQLite_Master
SELECT * FROM information_schema.tables
SELECT * FROM information_schema.columns
SELECT * FROM "information_schema"."tables"
SELECT * FROM INFORMATION_SCHEMA.SCHEMATA
SELECT * FROM system.information_schema.tables
SELECT * FROM memory.information_schema.tables
SELECT * FROM pg_catalog.pg_class
SELECT * FROM pg_class
SELECT * FROM pg_tables
SELECT * FROM pg_views
SELECT * FROM pg_attribute
SELECT * FROM pg_settings
SELECT * FROM pg_database
SELECT * FROM system.main.duckdb_tables()
SELECT * FROM system.pg_catalog.pg_class
SELECT * FROM pragma_database_list
SELECT * FROM duckdb_logs
SELECT (SELECT count(*) FROM duckdb_tables())
WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables, duckdb_views
WITH t AS (FROM sqlite_master) SELECT sql FROM t
SELECT 'secrets'::regclass
SELECT CAST('secrets' AS regclass)
SELECT 'secrets'::regclass::oid
SELECT 1::oid, 'int'::regtype
SELECT col_description(1, 1), obj_description(1)
SELECT pg_get_viewdef(1)
SELECT has_table_privilege('secrets', 'select')
SELECT has_table_privilege('nosuch', 'select')
SELECT pg_table_is_visible(1)
SELECT nextval('seq')
SELECT currval('seq')
SELECT NULL::secret_enum
SELECT enum_range(NULL::secret_enum)
SELECT enum_range(NULL::main.secret_enum)
SELECT * FROM orders PIVOT (count(*) FOR note IN secret_enum)
PIVOT orders ON note IN secret_enum
SELECT get_type('secret_enum')
SELECT make_type('secret_enum')
-- # settings, environment, session
SELECT current_setting('temp_directory')
SELECT current_setting('allowed_paths')
SELECT current_setting('secret_directory')
SELECT current_setting('home_directory')
SELECT main.current_setting('allowed_paths')
SELECT "current_setting"('allowed_paths')
SELECT CURRENT_SETTING('allowed_paths')
SELECT 'allowed_paths'.current_setting()
SELECT list_transform(['allowed_paths'], x -> current_setting(x))
SELECT getenv('HOME')
SELECT getenv('AGNES_ESCAPE_SECRET')
SELECT getvariable('hidden')
SELECT GETVARIABLE('hid' || 'den')
SELECT current_query()
SELECT current_query_id(), current_connection_id(), current_transaction_id()
SELECT txid_current()
SELECT current_schemas(true)
SELECT current_user()
SELECT session_user, current_role, current_catalog
SELECT version()
SELECT pg_conf_load_time(), pg_postmaster_start_time()
SELECT inet_server_addr(), inet_client_addr()
SELECT write_log('x')
SELECT parse_duckdb_log_message('a', 'b')
SELECT sleep_ms(1)
SELECT pg_sleep(0)
SELECT in_search_path('memory', 'main')
SELECT get_block_size('vault')
SET search_path = 'vault'
SET VARIABLE x = (SELECT max(secret) FROM secrets)
RESET search_path
SET threads = 64
SET GLOBAL enable_external_access = true
SET SESSION schema = 'vault'
USE vault
PRAGMA table_info('secrets')
PRAGMA show_tables
PRAGMA database_list
PRAGMA database_size
PRAGMA enable_profiling
PRAGMA version
PRAGMA storage_info('secrets')
PRAGMA functions
PRAGMA add_parquet_key('k', '0123456789112345')
PRAGMA import_database('{dir}')
PRAGMA copy_database('memory', 'vault')
CHECKPOINT
FORCE CHECKPOINT vault
FROM checkpoint()
FROM force_checkpoint('vault')
FROM enable_logging()
FROM enable_profiling()
FROM disable_logging()
FROM truncate_duckdb_logs()
FROM enable_peg_parser()
-- # SHOW, DESCRIBE, SUMMARIZE
SHOW TABLES
SHOW ALL TABLES
SHOW
DESCRIBE
SHOW DATABASES
SHOW SCHEMAS
SHOW VARIABLES
SHOW SECRETS
SHOW secrets
SHOW vault.safe
SHOW TABLES FROM vault
SHOW "tables"
DESCRIBE secrets
DESC secrets
DESCRIBE vault.safe
DESCRIBE SELECT * FROM secrets
DESCRIBE (SELECT * FROM secrets)
SUMMARIZE secrets
SUMMARIZE vault.safe
SUMMARIZE SELECT * FROM secrets
SUMMARIZE '{dir}/marker.csv'
FROM (DESCRIBE secrets)
FROM (SUMMARIZE secrets)
FROM (SHOW TABLES)
FROM (SHOW ALL TABLES)
FROM (SHOW DATABASES)
SELECT (SELECT count(*) FROM (SHOW ALL TABLES))
WITH a AS (SHOW TABLES) FROM a
WITH a AS (FROM (SHOW TABLES)) FROM a
SELECT * FROM (DESCRIBE FROM secrets)
DESCRIBE PIVOT secrets ON id
SUMMARIZE PIVOT secrets ON id
EXPLAIN SELECT * FROM secrets
EXPLAIN ANALYZE SELECT * FROM secrets
EXPLAIN FROM orders
EXPLAIN (FORMAT json) FROM salaries
-- # other statements
COPY orders TO '{dir}/written.csv'
COPY (FROM secrets) TO '{dir}/written.parquet'
COPY (SELECT 1) TO '{dir}/granted.parquet' (FORMAT parquet, use_tmp_file false)
COPY (SELECT 1) TO '{dir}/granted.parquet' (use_tmp_file false)
COPY (SELECT 'x') TO '{dir}/vault.duckdb' (FORMAT csv, use_tmp_file false)
COPY (SELECT 1) TO '/dev/stdout'
COPY secrets FROM '{dir}/marker.csv'
COPY FROM DATABASE vault TO memory
EXPORT DATABASE '{dir}/exported'
IMPORT DATABASE '{dir}'
ATTACH '{dir}/vault.duckdb' AS again
ATTACH '{dir}/vault.duckdb' AS again (READ_ONLY)
ATTACH ':memory:' AS m
ATTACH '{dir}/new.duckdb'
DETACH vault
CREATE TABLE copied AS FROM secrets
CREATE TEMP TABLE copied AS FROM secrets
CREATE VIEW orders2 AS FROM secrets
CREATE OR REPLACE VIEW orders AS FROM secrets
CREATE MACRO m() AS TABLE FROM secrets
CREATE OR REPLACE TEMP MACRO upper(x) AS (SELECT max(secret) FROM secrets)
CREATE TYPE e AS ENUM (SELECT secret FROM secrets)
CREATE SECRET s (TYPE s3)
CREATE SEQUENCE s
CREATE INDEX i ON secrets (id)
CREATE SCHEMA s
INSERT INTO orders FROM secrets
INSERT INTO secrets VALUES (1, 'x') RETURNING *
UPDATE secrets SET id = 1 RETURNING *
DELETE FROM secrets RETURNING secret
MERGE INTO secrets USING orders ON false WHEN NOT MATCHED THEN INSERT VALUES (1, 'x')
TRUNCATE secrets
DROP TABLE secrets
DROP VIEW orders
ALTER TABLE secrets ADD COLUMN x INT
COMMENT ON TABLE secrets IS 'x'
INSTALL httpfs
LOAD httpfs
LOAD '{dir}/evil.duckdb_extension'
FORCE INSTALL httpfs FROM community
UPDATE EXTENSIONS
VACUUM
ANALYZE secrets
BEGIN
COMMIT
ROLLBACK
BEGIN; SELECT 1; COMMIT
WITH a AS (DELETE FROM secrets RETURNING *) FROM a
WITH a AS (INSERT INTO secrets VALUES (9, 'y') RETURNING *) FROM a
SELECT 1 INTO secrets
SELECT * INTO copied FROM secrets
SELECT * FROM orders FOR UPDATE
-- # several statements
SELECT 1; SELECT * FROM secrets
SELECT * FROM orders; FROM secrets;
; FROM secrets
SELECT 1;;FROM secrets
SELECT 1; COPY (FROM secrets) TO '{dir}/written.csv'
SELECT 1 /* ; */; FROM secrets
SELECT ';'; FROM secrets
SELECT 1; -- ␤ FROM secrets
SELECT 1 --;␤; FROM secrets
SELECT $$;$$; FROM secrets
SELECT $a$ $$ ; $a$; FROM secrets
SELECT e'\';'; FROM secrets
SELECT 1; SET threads = 1; FROM secrets
PIVOT orders ON note; FROM secrets
FROM secrets; PIVOT orders ON note
SELECT 1; PIVOT secrets ON id
PIVOT orders ON note; PIVOT secrets ON id USING max(secret)
CREATE TEMP TYPE t AS ENUM (SELECT secret FROM secrets); SELECT enum_range(NULL::t)
SELECT 1␤;␤FROM␤secrets
SELECT 1 ; DROP VIEW orders
-- # PIVOT and UNPIVOT
PIVOT secrets ON secret USING count(*)
PIVOT secrets ON id
PIVOT secrets ON id IN (1, 2) USING max(secret)
PIVOT main.secrets ON id USING max(secret)
PIVOT vault.safe ON id USING max(secret)
PIVOT (FROM secrets) ON secret
PIVOT (SELECT id, secret FROM secrets) ON secret USING count(*) GROUP BY id
PIVOT orders ON (SELECT max(secret) FROM secrets)
PIVOT orders ON note IN (SELECT secret FROM secrets) USING count(*)
PIVOT orders ON note IN (FROM secrets SELECT secret) USING count(*)
PIVOT orders ON note IN (WITH a AS (FROM secrets) SELECT secret FROM a) USING count(*)
PIVOT orders ON note IN (VALUES ((SELECT max(secret) FROM secrets))) USING count(*)
PIVOT orders ON note IN (SELECT content FROM read_text('{dir}/marker.csv')) USING count(*)
PIVOT orders ON note IN (SELECT current_setting('allowed_paths')) USING count(*)
PIVOT orders ON current_setting('allowed_paths') || note USING count(*)
PIVOT orders ON stats(note) USING count(*)
PIVOT orders ON note USING max((SELECT max(secret) FROM secrets))
PIVOT orders ON note USING count(*) GROUP BY secret
PIVOT orders ON note USING count(*) ORDER BY (SELECT max(secret) FROM secrets)
PIVOT orders ON note USING count(*) LIMIT (SELECT count(*) FROM secrets)
PIVOT orders JOIN secrets USING (id) ON secret USING count(*)
PIVOT orders, secrets ON secret
FROM (PIVOT secrets ON secret)
WITH a AS (PIVOT secrets ON secret USING count(*)) FROM a
WITH a AS (FROM secrets) PIVOT a ON secret
WITH orders AS (FROM secrets) PIVOT orders ON secret
PIVOT (WITH orders AS (FROM secrets) FROM orders) ON secret
PIVOT (PIVOT secrets ON secret) ON id
SELECT (SELECT count(*) FROM (PIVOT secrets ON secret))
SELECT 1 UNION ALL PIVOT secrets ON secret
FROM secrets PIVOT (max(secret) FOR id IN (1, 2))
FROM orders PIVOT (max((SELECT max(secret) FROM secrets)) FOR id IN (1, 2))
UNPIVOT secrets ON secret
UNPIVOT (FROM secrets) ON COLUMNS(*)
FROM secrets UNPIVOT (v FOR n IN (secret))
PIVOT_WIDER secrets ON secret
PIVOT_LONGER secrets ON secret
PIVOT (SHOW TABLES) ON name
PIVOT (FROM duckdb_tables()) ON table_name
PIVOT duckdb_tables ON table_name
PIVOT orders ON note IN ('agnes_pivot_0_0') USING max((SELECT max(secret) FROM secrets))
PIVOT orders ON 'agnes_pivot_0_0' || (SELECT max(secret) FROM secrets)
PIVOT orders ON query('FROM secrets')
-- # statistics and storage
SELECT stats(note) FROM orders
SELECT stats(amount) FROM orders LIMIT 1
SELECT STATS(note) FROM orders
SELECT main.stats(note) FROM orders
SELECT note.stats() FROM orders
SELECT "stats"(note) FROM orders
SELECT list_transform([note], x -> stats(x)) FROM orders
SELECT * FROM orders WHERE stats(note) LIKE '%ZZ%'
SELECT max(stats(note)) FROM orders
SELECT vector_type(note) FROM orders
SELECT create_sort_key(note, 'ASC') FROM orders
FROM summary((FROM secrets))
FROM summary((FROM orders))
SELECT filename FROM orders
SELECT file_row_number FROM orders
SELECT file_index FROM orders
SELECT rowid FROM orders
SELECT orders.filename FROM orders
SELECT DISTINCT filename FROM orders
SELECT COLUMNS('filename') FROM orders
SELECT filename FROM (FROM orders)
SELECT * FROM orders WHERE file_row_number = 0
SELECT finalize(max(note) EXPORT_STATE) FROM orders
SELECT max(note) EXPORT_STATE FROM orders
SELECT combine(max(note) EXPORT_STATE, NULL) FROM orders
SELECT __internal_compress_string_ubigint(note) FROM orders
SELECT remap_struct(1, 2, 3, 4)
-- # error texts
SELECT nosuch FROM orders
SELECT secre FROM orders
SELECT secret FROM orders
SELECT * FROM secret
SELECT * FROM secretz
SELECT * FROM salarie
SELECT * FROM safe
SELECT * FROM orderz
SELECT * FROM vaul.safe
SELECT * FROM vault.nosuch
SELECT leak_scala()
SELECT * FROM lea()
SELECT nosuch(1)
SELECT currentsetting('x')
SELECT CAST(note AS INTEGER) FROM orders WHERE note = 'hidden'
SELECT CAST(note AS INTEGER) FROM orders
SELECT note::DATE FROM orders ORDER BY note DESC
SELECT CASE WHEN amount > 400000 THEN error(note) ELSE 'a' END FROM orders
SELECT 1 // (amount - 424242.42)::INT FROM orders
SELECT ln(amount - 424242.42) FROM orders
SELECT strptime(note, '%Y') FROM orders
SELECT json_extract(note, '$') FROM orders
SELECT regexp_matches(note, '[') FROM orders
SELECT orders.secret, secrets.secret FROM orders
SELECT x.y.z.secret FROM orders
SELECT upper(1, 2, 3)
SELECT * FROM orders JOIN nosuch USING (id)
SELECT * FROM orders ORDER BY nosuch
SELECT * EXCLUDE (secret) FROM orders
SELECT * REPLACE (1 AS secret) FROM orders
SELECT COLUMNS('secret') FROM orders
SELECT 1 COLLATE nosuch
SELECT 'a'::nosuchtype
SELECT strftime(DATE '2020-01-01', nosuch)
SELECT * FROM orders AT (VERSION => 1)
SELECT * FROM orders AT (TIMESTAMP => now())
SELECT * FROM secrets AT (VERSION => (SELECT 1))
-- # signs, quotes and comments
SELECT 'a`b' FROM `secrets`
SELECT '`', * FROM secrets, (SELECT '`')
SELECT * FROM [secrets]
SELECT * FROM/**/secrets
SELECT * FROM /* orders */ secrets
SELECT * FROM --orders␤secrets
SELECT * FROM /* /* nested */ orders */ secrets
/* SELECT * FROM orders */ FROM secrets
-- FROM orders␤FROM secrets
FROM secrets -- orders
FROM secrets/*
FROM secrets'
FROM "secrets
SELECT 'it''s' FROM secrets
SELECT e'\'' FROM secrets --'
SELECT $$ FROM orders $$ FROM secrets
SELECT $x$ $$ $x$ FROM secrets
SELECT U&'\0073' FROM secrets
FROM U&"s\0065crets"
FROM "sec" "rets"
FROM secrets x
FROM secrets
FROM　secrets
FROM​secrets
FROM secrets
FROM﻿secrets
﻿FROM secrets
FROM seсrets
FROM secrets\
FROM "sec""rets"
FROM s\u0065crets
FROM "secrets" 'orders'
from/*a*/secrets/*b*/as/*c*/orders
SELECT*FROM"secrets"
SELECT"secret"FROM"secrets"
SELECT secret::VARCHAR FROM"main"."secrets"
SELECT 1e1FROM secrets
SELECT(SELECT(max(secret))FROM(secrets))
SELECT 0x1 FROM secrets
(((FROM secrets)))
((SELECT 1) UNION ALL (SELECT id FROM secrets))
FROM orders,secrets
FROM orders o(secrets), secrets
SELECT orders FROM secrets AS orders
SELECT secrets FROM secrets
SELECT COLUMNS(*) FROM secrets
SELECT "a;b" FROM secrets
SELECT x: secret FROM secrets
-- # types and conversions
SELECT (SELECT secret FROM secrets LIMIT 1)::JSON
SELECT from_json((SELECT to_json(secrets) FROM secrets LIMIT 1), '"VARCHAR"')
SELECT CAST(1 AS nosuch.mytype)
SELECT CAST('a' AS main.secret_enum)
SELECT TRY_CAST('a' AS secret_enum)
SELECT 'a'::secret_enum
SELECT [NULL::secret_enum]
SELECT NULL::STRUCT(a secret_enum)
SELECT NULL::secret_enum[]
SELECT NULL::MAP(VARCHAR, secret_enum)
SELECT NULL::UNION(a secret_enum)
SELECT cast_to_type('a', NULL::secret_enum)
SELECT json_transform('{}', '{"a": "secret_enum"}')
SELECT from_json('"x"', '"secret_enum"')
SUMMARIZE SELECT json_transform('{}', '{"a": "secret_enum"}')
DESCRIBE SELECT from_json('{}', '{"a": ["secret_enum"]}')
SELECT typeof(json_transform('{}', '{"a": "secret_enum", "a": "INTEGER"}'))
SELECT typeof(from_json_strict('{}', '{"a": "secret_' || 'enum"}'))
SELECT typeof(json_transform_strict('{}', '{"a": "\u0073ecret_enum"}'::JSON))
SELECT typeof('{}'.from_json('{"a": "secret_enum[]"}'))
SELECT typeof(from_json(structure := '"secret_enum"', json := '"x"'))
SELECT typeof(NULL::secret_enum)
SELECT * FROM (VALUES (NULL::secret_enum)) v(a)
