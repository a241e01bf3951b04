-- The demo's tables. The comments are its marker (see tables.rs) and become the metrics' help.
CREATE TABLE IF NOT EXISTS demo_hosts (
    time           timestamptz NOT NULL,
    host           text NOT NULL,
    region         text NOT NULL,
    role           text NOT NULL,
    cpu            double precision,
    memory         double precision,
    load1          double precision,
    disk_used      double precision,
    requests_total bigint
);
COMMENT ON TABLE demo_hosts IS 'datebin demo: hosts, one row each a minute';
COMMENT ON COLUMN demo_hosts.host IS 'Name of the host';
COMMENT ON COLUMN demo_hosts.region IS 'Data centre';
COMMENT ON COLUMN demo_hosts.role IS 'What the host does';
COMMENT ON COLUMN demo_hosts.cpu IS 'CPU in use, percent of all cores';
COMMENT ON COLUMN demo_hosts.memory IS 'Memory in use, percent';
COMMENT ON COLUMN demo_hosts.load1 IS 'Processes that run or want to, mean of one minute';
COMMENT ON COLUMN demo_hosts.disk_used IS 'Disk in use, percent';
COMMENT ON COLUMN demo_hosts.requests_total IS 'Requests answered since the last restart';

CREATE TABLE IF NOT EXISTS demo_readings (
    time   timestamptz NOT NULL,
    metric text NOT NULL,
    value  double precision,
    labels jsonb NOT NULL
);
COMMENT ON TABLE demo_readings IS 'datebin demo: sensors in rooms, one row a metric every five minutes';
COMMENT ON COLUMN demo_readings.metric IS 'Name of the metric';
COMMENT ON COLUMN demo_readings.value IS 'Temperature in °C, relative humidity in percent, carbon dioxide in ppm';
COMMENT ON COLUMN demo_readings.labels IS 'Site, room and sensor';
