-- The tables beside the demo's that the files of docs/catalog.md declare.
CREATE SCHEMA catalog;
CREATE TABLE catalog.metric (table_name text PRIMARY KEY, metric_name text NOT NULL);
CREATE TABLE catalog.label (id int PRIMARY KEY, key text NOT NULL, value text NOT NULL);
CREATE SCHEMA prom_data;
CREATE TABLE prom_data.up (time timestamptz NOT NULL, value float8, series_id bigint NOT NULL);
INSERT INTO catalog.metric VALUES ('up', 'up');
CREATE TABLE public.visits (clock bigint NOT NULL, door text NOT NULL, total float8);
CREATE TABLE public.issue (created_unix bigint NOT NULL, closed_unix bigint NOT NULL DEFAULT 0, repo text NOT NULL);
CREATE TABLE public.measurements (
    ts timestamptz NOT NULL, device text NOT NULL, rack_no int, topic text, reading float8, data jsonb, meta jsonb,
    keywords text[]
);
CREATE TABLE public.tagged (ts timestamptz NOT NULL, label_ids int[] NOT NULL, reading float8);
CREATE TABLE public.sites (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE public.hosts (id int PRIMARY KEY, owner text, site_id int REFERENCES public.sites);
CREATE TABLE public.host_stats (ts timestamptz NOT NULL, host_id int NOT NULL REFERENCES public.hosts, cpu_pct float8);
CREATE TABLE public.demo_hosts_1h (
    bucket timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, role text NOT NULL,
    cpu_avg float8, cpu_min float8, cpu_max float8, n bigint
);
CREATE TABLE public.demo_readings_1d (day timestamptz NOT NULL, metric text NOT NULL, labels jsonb NOT NULL, value_avg float8, n bigint);
CREATE TABLE public.logins (at timestamptz NOT NULL, outcome text NOT NULL);
CREATE TABLE public.states (start_date timestamp NOT NULL, end_date timestamp, state text NOT NULL);
CREATE TABLE public.messages (received_at timestamptz NOT NULL, payload jsonb NOT NULL);
CREATE SCHEMA shop;
CREATE TABLE shop.order_lines (
    created_at timestamptz NOT NULL, deleted_at timestamptz, country text NOT NULL, status text NOT NULL,
    qty int, unit_price numeric(10, 2), refund_cents bigint, reading float8
);
CREATE TABLE public.deploys (started_at timestamptz NOT NULL, finished_at timestamptz, service text, version text, env text);
