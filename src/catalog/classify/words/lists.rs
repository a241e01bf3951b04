//! The words themselves.

/// Columns that carry a metric's name, whatever the value column is called.
pub(super) const METRIC_NAME: &[&str] = &[
    "metric_name",
    "metric",
    "metricname",
    "measurement",
    "measure_name",
    "measurement_name",
    "measurand",
    "variable",
    "parameter",
    "quantity",
    "kpi",
];
/// Words that name many things; they count beside a column that is called like a value.
pub(super) const PLAIN_NAME: &[&str] = &[
    "name",
    "key",
    "field",
    "field_name",
    "tag_name",
    "tagname",
    "property",
    "attribute",
    "indicator",
    "counter_name",
];
pub(super) const VALUE: &[&str] =
    &["value", "val", "v", "reading", "metric_value", "measure", "measured_value", "numeric_value"];
pub(super) const SENSITIVE: &[&str] =
    &["password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "apikey", "email", "ssn", "iban"];
/// Words of which both together are sensitive.
pub(super) const SENSITIVE_PAIRS: &[(&str, &str)] =
    &[("api", "key"), ("private", "key"), ("access", "key"), ("e", "mail")];
/// Words behind a sensitive one that say which kind of it is meant, and nothing of a person.
pub(super) const HARMLESS: &[&str] = &["type", "kind", "status", "state", "provider", "template"];
pub(super) const FREE_TEXT: &[&str] = &[
    "html",
    "cooked",
    "markdown",
    "message",
    "msg",
    "description",
    "descr",
    "text",
    "comment",
    "comments",
    "note",
    "notes",
    "body",
    "payload",
    "query",
    "sql",
    "error_message",
    "stack",
    "stacktrace",
    "stack_trace",
    "user_agent",
    "raw",
    "log",
    "title",
    "subject",
    "content",
    "details",
    "detail",
    "data",
    "hash",
    "checksum",
    "referer",
    "referrer",
    "request_id",
    "trace_id",
    "span_id",
    "session_id",
    "correlation_id",
    "message_id",
    "event_id",
];
pub(super) const CODE: &[&str] = &[
    "year",
    "month",
    "weekday",
    "zip",
    "zipcode",
    "postcode",
    "postal_code",
    "port",
    "sport",
    "dport",
    "srcport",
    "dstport",
    "code",
    "status_code",
    "version",
    "phone",
    "checksum",
];
/// What whole numbers of these names are: a choice out of a list, or a place in one.
pub(super) const CHOICE: &[&str] = &[
    "type",
    "kind",
    "mode",
    "status",
    "state",
    "flag",
    "flags",
    "severity",
    "priority",
    "batch",
    "line",
    "sort_order",
    "category",
    "class",
    "result",
    "rc",
    "errno",
    "proto",
    "protocol",
    "role",
    "stage",
    "reason",
    "quality",
    "qos",
    "dow",
    "method",
    "visibility",
];
/// How often a job was tried.
pub(super) const ATTEMPT: &[&str] = &["attempt", "attempts", "try", "tries", "retry", "retries"];
/// Words beside those that make nothing else of it.
pub(super) const OF_ATTEMPT: &[&str] = &[
    "max",
    "min",
    "num",
    "no",
    "nr",
    "number",
    "count",
    "left",
    "remaining",
    "limit",
    "current",
    "of",
    "job",
    "task",
    "delivery",
    "send",
];
/// Words that make a setting or a single number of it, whatever the rows are.
pub(super) const ONE_ATTEMPT: &[&str] = &["max", "limit", "no", "nr", "number", "attempt", "try", "retry"];
/// Words that end in `id` and are no ids.
pub(super) const ENDS_IN_ID: &[&str] = &[
    "paid", "prepaid", "unpaid", "repaid", "valid", "invalid", "solid", "fluid", "liquid", "rapid", "acid", "grid",
    "hybrid", "humid", "pyramid", "android", "asteroid", "steroid", "thyroid", "typhoid", "colloid", "avoid",
    "solenoid", "centroid", "covid", "rigid", "turbid", "overbid", "outbid", "underbid", "lipid", "squid", "tabloid",
    "eyelid",
];
/// Where a row stands among others.
pub(super) const RANK: &[&str] = &["position", "pos", "rank", "ranking", "place", "placement"];
/// Words that say what kind of value a row has.
pub(super) const KIND: &[&str] = &["type", "kind", "category"];
/// What whole numbers of these names count: the rows of a thing.
pub(super) const COUNT_OF_ROWS: &[&str] = &[
    "no",
    "nr",
    "number",
    "num",
    "index",
    "idx",
    "position",
    "pos",
    "row",
    "rownum",
    "row_number",
    "line",
    "item",
    "step",
    "frame",
    "packet",
    "rank",
    "generation",
];
/// The parts that a thing has several of.
pub(super) const PLACE: &[&str] = &[
    "channel",
    "zone",
    "phase",
    "slot",
    "sensor",
    "device",
    "meter",
    "station",
    "node",
    "shard",
    "partition",
    "core",
    "lane",
    "outlet",
    "pin",
    "inverter",
    "feeder",
    "circuit",
    "rack",
    "floor",
    "room",
    "machine",
    "host",
    "server",
];
pub(super) const CHOICE_SUFFIX: &[&str] = &[
    "_type",
    "_kind",
    "_mode",
    "_status",
    "_state",
    "_flag",
    "_flags",
    "_mask",
    "_idx",
    "_index",
    "_version",
    "_port",
    "_year",
    "_number",
    "_seq",
    "_category",
    "_class",
    "_priority",
    "_severity",
    "_role",
    "_stage",
    "_enum",
    "_method",
    "_reason",
];
/// The part of a second that a time lacks.
pub(super) const FRACTION: &[&str] =
    &["ns", "nanos", "nanoseconds", "us", "usec", "micros", "ms", "msec", "millis", "milliseconds"];
pub(super) const SEQUENCE: &[&str] = &[
    "seq",
    "sequence",
    "seqno",
    "seq_no",
    "seqnum",
    "sequence_no",
    "sequence_number",
    "ordinal",
    "offset",
    "version",
    "rev",
    "revision",
];
pub(super) const DOCUMENT: &[&str] = &[
    "tags",
    "labels",
    "attributes",
    "attrs",
    "dimensions",
    "dims",
    "tag_data",
    "metadata",
    "meta",
    "properties",
    "props",
];
/// Words before `total` that make it the sum of one row.
pub(super) const SUMS: &[&str] =
    &["amount", "price", "order", "cost", "tax", "invoice", "grand", "sub", "line", "cart"];
pub(super) const COUNTER: &[&str] = &[
    "bytes_recv",
    "bytes_sent",
    "bytes_received",
    "packets_recv",
    "packets_sent",
    "xact_commit",
    "xact_rollback",
    "blks_hit",
    "blks_read",
];
