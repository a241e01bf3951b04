-- sqlx.toml makes the schema already; a runner that does not read that file needs this.
CREATE SCHEMA IF NOT EXISTS datebin;

-- Annotations: points (time_end is null) and regions.
CREATE TABLE datebin.annotations (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time     timestamptz NOT NULL DEFAULT now() CHECK (isfinite(time)),
    time_end timestamptz CHECK (isfinite(time_end)),
    title    text NOT NULL DEFAULT '',
    text     text NOT NULL DEFAULT '',
    tags     text[] NOT NULL DEFAULT '{}',
    CHECK (time_end >= time)
);

COMMENT ON TABLE datebin.annotations IS 'Annotations that datebin shows in Grafana';

-- Which annotations overlap a range of time.
CREATE INDEX annotations_span ON datebin.annotations
    USING gist (tstzrange(time, coalesce(time_end, time), '[]'));

-- Which annotations carry a tag.
CREATE INDEX annotations_tags ON datebin.annotations USING gin (tags);
