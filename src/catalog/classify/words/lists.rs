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
/// Whole numbers that refer to somebody or something.
pub(super) const REFERS: &[&str] =
    &["creator", "owner", "author", "assignee", "assignedto", "reporter", "parent", "thread", "worker", "asn", "vlan"];
/// Words that end in `id` and are no ids.
pub(super) const ENDS_IN_ID: &[&str] = &[
    "paid", "prepaid", "unpaid", "repaid", "valid", "invalid", "solid", "fluid", "liquid", "rapid", "acid", "grid",
    "hybrid", "humid", "pyramid", "android", "asteroid", "steroid", "thyroid", "typhoid", "colloid", "avoid",
    "solenoid", "centroid", "covid", "rigid", "turbid", "overbid", "outbid", "underbid", "lipid", "squid", "tabloid",
    "eyelid",
];
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
/// What runs side by side, in front of `index`: such numbers tell series apart.
pub(super) const SIDE_BY_SIDE: &[&str] = &["map", "worker", "array", "gpu", "cpu", "replica", "task", "pod", "thread"];
/// Deeds of people, in front of `_by`.
pub(super) const DEEDS: &[&str] = &[
    "created",
    "updated",
    "modified",
    "changed",
    "edited",
    "deleted",
    "closed",
    "opened",
    "approved",
    "assigned",
    "resolved",
    "merged",
    "submitted",
    "added",
    "owned",
    "reported",
    "voided",
    "cancelled",
    "canceled",
    "reviewed",
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
