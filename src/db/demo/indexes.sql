-- One series over time, the values of label "host", and a range of time over all hosts.
CREATE INDEX IF NOT EXISTS demo_hosts_host_time ON demo_hosts (host, time);
CREATE INDEX IF NOT EXISTS demo_hosts_time ON demo_hosts (time);
-- One metric over time, and the names of metrics.
CREATE INDEX IF NOT EXISTS demo_readings_metric_time ON demo_readings (metric, time);
