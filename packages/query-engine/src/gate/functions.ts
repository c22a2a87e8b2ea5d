/**
 * Every function of the engine, judged by hand: what a query may call, by family, and what it may not, by reason. A name that
 * stands in neither list is refused, and a test fails until somebody has judged it. `docs/security/sql-functions.md` is made from this file.
 */

/** Scalar functions, macros and operators that tell of nothing but their arguments and the clock. */
export const SCALAR_FAMILIES = {
  operators:
    words(`!~~ !~~* !__postfix % & && * ** + - ->> / // <-> << <=> <@ >> @ @> ^ ^@ | || ~ ~~ ~~* ~~~ like_escape
    ilike_escape not_like_escape not_ilike_escape xor add subtract multiply divide`),
  'choosing a value': words(
    'coalesce ifnull nullif least greatest if constant_or_null switch error typeof pg_typeof alias cast_to_type',
  ),
  numbers:
    words(`abs acos acosh asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh cot degrees even exp factorial
    fdiv floor fmod gamma gcd greatest_common_divisor isfinite isinf isnan lcm least_common_multiple lgamma ln log log10 log2 mod
    nextafter pi pow power radians round round_even roundbankers sign signbit sin sinh sqrt tan tanh trunc equi_width_bins
    is_histogram_other_bin`),
  'random numbers and identifiers': words(`random setseed uuid uuidv4 uuidv7 gen_random_uuid uuid_extract_timestamp
    uuid_extract_version`),
  text: words(`ascii bar chr char_length character_length concat concat_ws contains ends_with format format_bytes
    formatreadabledecimalsize formatreadablesize instr lcase left left_grapheme len length length_grapheme lower lpad ltrim
    nfc_normalize octet_length bit_length ord overlay parse_dirname parse_dirpath parse_filename parse_path parse_formatted_bytes
    pg_size_pretty position prefix printf repeat replace reverse right right_grapheme rpad rtrim split split_part starts_with
    str_split string_split string_to_array strip_accents strlen strpos substr substring substring_grapheme suffix translate trim
    ucase unicode upper url_decode url_encode icu_sort_key`),
  'regular expressions':
    words(`regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array regexp_split_to_table str_split_regex string_split_regex`),
  'likeness of texts': words(
    'damerau_levenshtein editdist3 hamming jaccard jaro_similarity jaro_winkler_similarity levenshtein mismatches',
  ),
  'hashes and encodings':
    words(`base64 to_base64 from_base64 bin to_binary from_binary unbin hex to_hex from_hex unhex to_base
    encode decode hash md5 md5_number md5_number_lower md5_number_upper sha1 sha256`),
  bits: words('bit_position bitstring get_bit set_bit'),
  'dates and times':
    words(`age ago century current_date current_localtime current_localtimestamp date_add date_diff date_part
    date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch
    epoch_ms epoch_ns epoch_us era get_current_time get_current_timestamp hour isodow isoyear julian last_day make_date make_time
    make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond millennium millisecond minute month monthname
    nanosecond now quarter second strftime strptime try_strptime time_bucket timezone timezone_hour timezone_minute to_centuries
    to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds
    to_timestamp to_weeks to_years today transaction_timestamp week weekday weekofyear year yearweek normalized_interval`),
  lists:
    words(`aggregate apply array_aggr array_aggregate array_append array_apply array_cat array_concat array_contains
    array_cosine_distance array_cosine_similarity array_cross_product array_distance array_distinct array_dot_product
    array_extract array_filter array_grade_up array_has array_has_all array_has_any array_indexof array_inner_product
    array_intersect array_length array_negative_dot_product array_negative_inner_product array_pop_back array_pop_front
    array_position array_prepend array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort
    array_select array_slice array_sort array_to_string array_to_string_comma_default array_transform array_unique array_value
    array_where array_zip filter flatten generate_series generate_subscripts grade_up list_aggr list_aggregate list_any_value
    list_append list_apply list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or
    list_cat list_concat list_contains list_cosine_distance list_cosine_similarity list_count list_distance list_distinct
    list_dot_product list_element list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all
    list_has_any list_histogram list_indexof list_inner_product list_intersect list_kurtosis list_kurtosis_pop list_last list_mad
    list_max list_median list_min list_mode list_negative_dot_product list_negative_inner_product list_pack list_position
    list_prepend list_product list_reduce list_resize list_reverse list_reverse_sort list_select list_sem list_skewness
    list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum list_transform list_unique list_value
    list_var_pop list_var_samp list_where list_zip range reduce unnest unpivot_list`),
  'structs, maps and unions':
    words(`cardinality element_at map map_concat map_contains map_contains_entry map_contains_value
    map_entries map_extract map_extract_value map_from_entries map_keys map_values row struct_concat struct_contains
    struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_pack struct_position
    struct_update struct_values union_extract union_tag union_value variant_extract variant_typeof`),
  enums: words('enum_code enum_first enum_last enum_range enum_range_boundary'),
  json: words(`array_to_json from_json from_json_strict json json_array json_array_length json_contains json_exists json_extract
    json_extract_path json_extract_path_text json_extract_string json_group_array json_group_object json_group_structure json_keys
    json_merge_patch json_object json_pretty json_quote json_structure json_transform json_transform_strict json_type json_valid
    json_value row_to_json to_json`),
  geometry: words('st_asbinary st_astext st_aswkb st_aswkt st_geomfromwkb st_intersects_extent'),
} as const satisfies Record<string, readonly string[]>;

export const AGGREGATE_FUNCTIONS: ReadonlySet<string> = new Set(
  words(`any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_max_nulls_last arg_min
    arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count
    count_if count_star countif covar_pop covar_samp entropy favg first fsum geomean geometric_mean group_concat histogram
    histogram_exact kahan_sum kurtosis kurtosis_pop last list listagg mad max max_by mean median min min_by mode product quantile
    quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
    reservoir_quantile sem skewness stddev stddev_pop stddev_samp string_agg sum sum_no_overflow sumkahan var_pop var_samp
    variance wavg weighted_avg`),
);

export const WINDOW_FUNCTIONS: ReadonlySet<string> = new Set(
  words(
    `cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank rank_dense row_number`,
  ),
);

/** What may stand in FROM with arguments: it reads nothing but them. */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(
  words('range generate_series unnest repeat repeat_row json_each json_tree regexp_split_to_table'),
);

/** Judged, and not for a query; `*` at the end stands for any ending. */
export const REFUSED_FAMILIES = {
  'tells of rows that a filter hides, or of how they are stored': words(
    'stats vector_type create_sort_key summary duckdb_table_sample',
  ),
  'tells of the server, its settings or its environment':
    words(`getenv current_setting getvariable version get_block_size
    pg_conf_load_time pg_postmaster_start_time inet_client_addr inet_client_port inet_server_addr inet_server_port
    parse_duckdb_log_message`),
  'tells of the connection, the user or the statement that runs':
    words(`current_query current_query_id current_connection_id
    current_transaction_id txid_current current_user current_role session_user user current_catalog current_database
    current_schema current_schemas in_search_path`),
  'reads the catalog: use DESCRIBE, or the catalog of Agnes': words(`duckdb_* pragma_* col_description obj_description
    shobj_description format_type format_pg_type map_to_pg_oid has_* pg_* icu_calendar_names test_all_types
    test_vector_types get_type make_type can_cast_implicitly replace_type st_crs st_setcrs`),
  'reads files or the network': words(
    `read_* parquet_* glob sniff_csv arrow_scan arrow_scan_dumb seq_scan which_secret`,
  ),
  'runs SQL that is written in a text':
    words(`query query_table histogram_values json_execute_serialized_sql json_serialize_sql
    json_deserialize_sql json_serialize_plan sql_auto_complete check_peg_parser`),
  'changes something': words(
    `nextval currval write_log checkpoint force_checkpoint enable_* disable_* truncate_duckdb_logs`,
  ),
  'only waits': words('sleep_ms pg_sleep'),
  'is a part of the engine':
    words(`__internal_* combine finalize remap_struct timetz_byte_comparable variant_bytes_to_variant
    variant_normalize variant_to_parquet_variant icu_collate_*`),
} as const satisfies Record<string, readonly string[]>;

const SCALAR_FUNCTIONS: ReadonlySet<string> = new Set(Object.values(SCALAR_FAMILIES).flat());

/** Whether a query may call it, in an expression. `name` in lower case. */
export function isAllowedFunction(name: string): boolean {
  return SCALAR_FUNCTIONS.has(name) || AGGREGATE_FUNCTIONS.has(name) || WINDOW_FUNCTIONS.has(name);
}

/** Whether it may be called for each row by itself. */
export function isScalarFunction(name: string): boolean {
  return SCALAR_FUNCTIONS.has(name) && !FOR_MANY_ROWS.has(name);
}

const FOR_MANY_ROWS = new Set(['unnest', 'json_group_array', 'json_group_object', 'json_group_structure']);

/** Tell something else each time they are asked: of the clock, or by chance. `age` does when it is given one moment only. */
export const UNSTEADY_FUNCTIONS: ReadonlySet<string> = new Set(
  words(`ago current_date current_localtime current_localtimestamp get_current_time get_current_timestamp now today
    transaction_timestamp random setseed uuid uuidv4 uuidv7 gen_random_uuid`),
);

/** Names that the engine takes for a question about the clock, where no column is called so. */
export const CLOCK_NAMES: ReadonlySet<string> = new Set(
  words('current_date current_time current_timestamp localtime localtimestamp'),
);

/** Why it is refused; undefined for a name that nobody has judged. */
export function refusalOf(name: string): string | undefined {
  for (const [reason, names] of Object.entries(REFUSED_FAMILIES)) {
    if (names.some((pattern) => matches(pattern, name))) return reason;
  }
  return undefined;
}

/** Names to offer for one that is not there. */
export function allowedFunctionNames(): readonly string[] {
  return [...SCALAR_FUNCTIONS, ...AGGREGATE_FUNCTIONS, ...WINDOW_FUNCTIONS].filter((name) => /^[a-z]/.test(name));
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') && pattern.length > 1 ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
