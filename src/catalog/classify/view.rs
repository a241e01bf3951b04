//! What the definition of a continuous aggregate says, as PostgreSQL writes it. What is not plainly understood is
//! refused or passed over.

use crate::time::Zone;

/// A definition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ViewDefinition {
    /// How long a bucket is.
    pub(super) width: BucketWidth,
    /// The column of times that is cut.
    pub(super) time: String,
    /// What the buckets are called.
    pub(super) bucket: String,
    /// The columns that it groups by.
    pub(super) keys: Vec<GroupColumn>,
    /// Whether it groups by anything else, too.
    pub(super) has_other_keys: bool,
    /// What it computes.
    pub(super) items: Vec<ViewAggregate>,
    /// The relation that it reads, as it is written: with its schema or without.
    pub(super) from: (Option<String>, String),
}

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BucketWidth {
    /// So many milliseconds.
    Millis(i64),
    /// So many of what an integer column counts.
    Units(i64),
}

/// A column that is grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GroupColumn {
    /// The column.
    pub(super) column: String,
    /// What the view calls it.
    pub(super) name: String,
}

/// An aggregate of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ViewAggregate {
    /// What it is called.
    pub(super) name: String,
    /// The function.
    pub(super) function: String,
    /// The column; none for all rows.
    pub(super) of: Option<String>,
}

const FUNCTIONS: [&str; 7] = ["avg", "min", "max", "sum", "count", "first", "last"];

/// Reads a definition.
///
/// # Errors
/// Why it cannot be a rollup.
pub(super) fn parse(definition: &str) -> Result<ViewDefinition, String> {
    let text = definition.trim().trim_end_matches(';');
    let list = text.strip_prefix("SELECT").ok_or("its definition is not a plain SELECT")?;
    let (list, rest) = split_word(list, "FROM").ok_or("its definition is not a plain SELECT")?;
    for word in ["WHERE", "HAVING", "JOIN"] {
        if split_word(rest, word).is_some() {
            return Err(format!("its definition has a {word}"));
        }
    }
    let (from, groups) = split_word(rest, "GROUP").unwrap_or((rest, ""));
    let from = relation(from).ok_or("its definition reads no single relation")?;
    let (mut cut, mut keys, mut items) = (None, Vec::new(), Vec::new());
    for item in split(list, ',') {
        let (expression, alias) = split_word(item, "AS").unwrap_or((item, ""));
        let (expression, alias) = (expression.trim(), column(alias.trim()));
        match call(expression) {
            Some(("time_bucket", arguments)) if cut.is_none() => {
                let (width, time) = bucket(&arguments)?;
                cut = Some((width, time, alias.unwrap_or_else(|| "time_bucket".to_owned())));
            }
            Some((function, arguments)) if FUNCTIONS.contains(&function) => {
                let of = arguments.first().map(|argument| argument.trim());
                let of = if of == Some("*") { Some(None) } else { of.and_then(column).map(Some) };
                let name = alias.unwrap_or_else(|| function.to_owned());
                let by = arguments.get(1).map(|by| column(by).unwrap_or_default());
                items.extend(of.map(|of| (ViewAggregate { name, function: function.to_owned(), of }, by)));
            }
            _ => keys.extend(
                column(expression).map(|own| GroupColumn { name: alias.unwrap_or_else(|| own.clone()), column: own }),
            ),
        }
    }
    let (width, time, bucket) = cut.ok_or("it has no time_bucket")?;
    let items = of_samples(items, &time);
    let has_other_keys = groups_by_more(groups, &keys);
    Ok(ViewDefinition { width, time, bucket, keys, has_other_keys, items, from })
}

/// Whether GROUP BY has more than the bucket and columns that are shown.
fn groups_by_more(groups: &str, keys: &[GroupColumn]) -> bool {
    let Some((_, list)) = split_word(groups, "BY") else { return false };
    let is_known = |group: &str| {
        let group = group.trim();
        let inner = group.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(group);
        let is_bucket = matches!(call(inner), Some(("time_bucket", _))) || group == "1";
        is_bucket || column(group).is_some_and(|column| keys.iter().any(|key| key.column == column))
    };
    !split(list, ',').iter().all(|group| is_known(group))
}

/// The width of the buckets and the column that they cut.
fn bucket(arguments: &[&str]) -> Result<(BucketWidth, String), String> {
    let [width, time, more @ ..] = arguments else {
        return Err("its buckets are not cut by a plain column".to_owned());
    };
    for argument in more {
        // PostgreSQL writes an argument that was left out as its default.
        let (name, value) = argument.split_once("=>").map_or(("", *argument), |(name, value)| (name.trim(), value));
        let value = value.trim();
        let text = value.strip_suffix("::text").and_then(|text| text.strip_prefix('\'')?.strip_suffix('\''));
        match (name, text.map(|zone| (zone, Zone::parse(zone)))) {
            _ if value.starts_with("NULL") => {}
            ("" | "timezone", Some((_, Some(zone)))) if zone.is_utc() => {}
            ("" | "timezone", Some((zone, _))) => return Err(format!("its buckets are cut in the zone {zone}")),
            _ => return Err("its buckets have an origin or an offset of their own".to_owned()),
        }
    }
    let width = match interval(width) {
        Some(ms) => BucketWidth::Millis(ms),
        None => BucketWidth::Units(integer(width).ok_or("its buckets have no fixed length")?),
    };
    let time = column(time).ok_or("its buckets are not cut by a plain column")?;
    Ok((width, time))
}

/// `3600`, `(3600)::bigint`, `'3600'::bigint`.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let number = text.rsplit_once("::").map_or(text, |(number, ty)| match ty {
        "bigint" | "integer" | "smallint" => number,
        _ => "",
    });
    number.trim_matches(['(', ')', '\'']).parse().ok().filter(|number| *number > 0)
}

/// The aggregates without those that are ordered by anything but the time.
fn of_samples(items: Vec<(ViewAggregate, Option<String>)>, time: &str) -> Vec<ViewAggregate> {
    let is_plain = |item: &ViewAggregate, by: Option<String>| match item.function.as_str() {
        "first" | "last" => by.as_deref() == Some(time),
        _ => by.is_none(),
    };
    items.into_iter().filter_map(|(item, by)| is_plain(&item, by).then_some(item)).collect()
}

/// The one relation that stands behind FROM, with or without another name. PostgreSQL writes a join within parentheses.
fn relation(from: &str) -> Option<(Option<String>, String)> {
    let words = split(from.trim(), ' ');
    if words.len() > 2 || !words.iter().all(|word| column(word).is_some()) {
        return None;
    }
    let names = split(words.first()?.trim(), '.').into_iter().map(name).collect::<Option<Vec<_>>>()?;
    match names.as_slice() {
        [own] => Some((None, own.clone())),
        [schema, own] => Some((Some(schema.clone()), own.clone())),
        _ => None,
    }
}

/// The places of a text that are neither within quotes nor within parentheses.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut depth, mut quote) = (0_u32, None);
    text.char_indices().filter(move |(_, c)| {
        match (quote, c) {
            (Some(open), c) if open == *c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(*c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, _) => return depth == 0,
        }
        false
    })
}

fn split(text: &str, separator: char) -> Vec<&str> {
    let places = outside(text).filter(|(_, c)| *c == separator).map(|(at, _)| at);
    let mut from = 0;
    let mut parts = Vec::new();
    for at in places {
        parts.push(&text[from..at]);
        from = at + separator.len_utf8();
    }
    parts.push(&text[from..]);
    parts
}

/// What stands before and after a word of its own.
fn split_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let is_space = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let at = outside(text).map(|(at, _)| at).find(|at| {
        let (before, from) = text.split_at(*at);
        from.strip_prefix(word).is_some_and(|after| is_space(after.chars().next()) && is_space(before.chars().last()))
    })?;
    Some((&text[..at], &text[at + word.len()..]))
}

/// A function's name, without its schema, and its arguments.
fn call(expression: &str) -> Option<(&str, Vec<&str>)> {
    let (before, arguments) = expression.strip_suffix(')')?.split_once('(')?;
    let name = before.rsplit('.').next()?;
    // Nothing follows its own parentheses, as a FILTER would.
    let is_one = outside(expression).all(|(at, _)| at < before.len());
    (is_one && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then(|| (name, split(arguments, ',')))
}

/// The column of a name that may be quoted and stand behind its relation's; none of anything else.
fn column(text: &str) -> Option<String> {
    split(text.trim(), '.').into_iter().map(name).collect::<Option<Vec<_>>>()?.pop()
}

fn name(text: &str) -> Option<String> {
    if let Some(inside) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Some(inside.replace("\"\"", "\""));
    }
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    (!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned())
}

/// `'01:00:00'::interval`, `'1 day'::interval` in milliseconds; a month has no fixed length.
fn interval(text: &str) -> Option<i64> {
    let text = text.trim().strip_suffix("::interval")?.trim_matches('\'');
    let mut total = 0_i64;
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            let mut parts = word.split(':').map(|part| part.parse::<i64>().ok());
            let [hours, minutes, seconds] = [parts.next()??, parts.next()??, parts.next()??];
            total += ((hours * 60 + minutes) * 60 + seconds) * 1000;
            continue;
        }
        let unit = match words.next()?.trim_end_matches('s') {
            "sec" | "second" => 1000,
            "min" | "minute" => 60_000,
            "hour" => 3_600_000,
            "day" => 86_400_000,
            "week" => 7 * 86_400_000,
            _ => return None,
        };
        total += word.parse::<i64>().ok()?.checked_mul(unit)?;
    }
    Some(total).filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, function: &str, of: Option<&str>) -> ViewAggregate {
        ViewAggregate { name: name.into(), function: function.into(), of: of.map(str::to_owned) }
    }

    #[test]
    fn a_definition_is_read_as_postgres_writes_it() {
        let text = " SELECT time_bucket('01:00:00'::interval, conditions.\"time\") AS bucket,\n    conditions.location,\n    \
                    avg(conditions.temperature) AS avg,\n    max(conditions.\"Wind, speed\") AS gust,\n    count(*) AS n,\n    \
                    last(conditions.temperature, conditions.\"time\") AS latest,\n    avg((conditions.a + conditions.b)) AS both,\n    \
                    (sum(conditions.a) / sum(conditions.b)) AS ratio\n   FROM conditions\n  \
                    GROUP BY (time_bucket('01:00:00'::interval, conditions.\"time\")), conditions.location;";
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.width, BucketWidth::Millis(3_600_000));
        assert_eq!((parsed.time.as_str(), parsed.bucket.as_str()), ("time", "bucket"));
        assert_eq!(parsed.keys, [key("location", "location")]);
        assert_eq!((parsed.has_other_keys, parsed.from), (false, (None, "conditions".to_owned())));
        let items = [
            item("avg", "avg", Some("temperature")),
            item("gust", "max", Some("Wind, speed")),
            item("n", "count", None),
            item("latest", "last", Some("temperature")),
        ];
        assert_eq!(parsed.items, items);
    }

    fn key(column: &str, name: &str) -> GroupColumn {
        GroupColumn { column: column.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn widths_zones_keys_and_relations_are_read_in_each_spelling() {
        for (arguments, width) in [
            ("'7 days'::interval, ts", BucketWidth::Millis(7 * 86_400_000)),
            ("'1 day'::interval, ts, 'UTC'::text", BucketWidth::Millis(86_400_000)),
            ("'1 day 12:00:00'::interval, ts, timezone => 'Etc/UTC'::text", BucketWidth::Millis(129_600_000)),
            ("'1 day'::interval, ts, 'UTC'::text, NULL::timestamp with time zone", BucketWidth::Millis(86_400_000)),
            ("3600, clock", BucketWidth::Units(3600)),
            ("'3600'::bigint, clock", BucketWidth::Units(3600)),
            ("(3600)::bigint, clock", BucketWidth::Units(3600)),
        ] {
            let text = format!(
                "SELECT time_bucket({arguments}) AS b, t.host AS machine, avg(t.c) AS c FROM \"My\".t t \
                 GROUP BY (time_bucket({arguments})), t.host"
            );
            let parsed = parse(&text).unwrap();
            assert_eq!((parsed.width, parsed.has_other_keys), (width, false), "{text}");
            assert_eq!(parsed.keys, [key("host", "machine")]);
            assert_eq!(parsed.from, (Some("My".to_owned()), "t".to_owned()));
        }
        for group in ["GROUP BY 1, t.hidden", "GROUP BY 1, (upper(t.host))", "GROUP BY 1, (t.a || t.b)"] {
            let text = format!("SELECT time_bucket('1 day'::interval, t.ts) AS b, avg(t.c) AS c FROM t {group}");
            assert!(parse(&text).unwrap().has_other_keys, "{text}");
        }
    }

    #[test]
    fn what_is_no_rollup_says_why() {
        let bucket = |arguments: &str| format!("SELECT time_bucket({arguments}) AS b, avg(c) AS c FROM t GROUP BY 1");
        for (text, expected) in [
            (bucket("'1 mon'::interval, ts"), "its buckets have no fixed length"),
            (bucket("'1 day'::interval, ts, 'Europe/Berlin'::text"), "its buckets are cut in the zone Europe/Berlin"),
            (
                bucket("'1 day'::interval, ts, timezone => 'Asia/Tokyo'::text"),
                "its buckets are cut in the zone Asia/Tokyo",
            ),
            (bucket("'1 day'::interval, ts, '2000-01-01'::timestamp"), "its buckets have an origin or an offset"),
            (
                bucket("'1 day'::interval, ts, \"offset\" => '02:00:00'::interval"),
                "its buckets have an origin or an offset",
            ),
            (bucket("'1 day'::interval, (ts + x)"), "its buckets are not cut by a plain column"),
            (bucket("'1 day'::interval, ts").replace("GROUP", "WHERE c > 0 GROUP"), "its definition has a WHERE"),
            (bucket("'1 day'::interval, ts").replace(" t ", " t JOIN u USING (id) "), "its definition has a JOIN"),
            (
                bucket("'1 day'::interval, ts").replace(" t ", " (t\n JOIN u ON ((t.id = u.id))) "),
                "its definition reads no single relation",
            ),
            (bucket("'1 day'::interval, ts").replace(" t ", " t,\n u "), "its definition reads no single relation"),
            ("SELECT avg(c) AS c FROM t".to_owned(), "it has no time_bucket"),
            ("WITH x AS (SELECT 1) SELECT 1 FROM x".to_owned(), "its definition is not a plain SELECT"),
        ] {
            assert!(parse(&text).unwrap_err().starts_with(expected), "{text}");
        }
    }

    #[test]
    fn an_aggregate_of_some_rows_or_in_another_order_is_passed_over() {
        for text in [
            "first(c.x, c.ts) FILTER (WHERE (c.x > 0))",
            "avg(c.x) FILTER (WHERE (c.x > 0))",
            "last(c.x, c.other)",
            "last(c.x, c.ts) - first(c.x, c.ts)",
            "count(DISTINCT c.x)",
            "sum(DISTINCT c.x)",
        ] {
            let text =
                format!("SELECT time_bucket('1 day'::interval, c.ts) AS b, {text} AS y FROM readings c GROUP BY 1");
            assert_eq!(parse(&text).unwrap().items, [], "{text}");
        }
    }
}
