-- Round numbers at whole minutes, so that what a client shows can be written down.
CREATE TABLE public.host_stats (
    ts             timestamptz NOT NULL,
    host           text NOT NULL,
    region         text NOT NULL,
    cpu            double precision,
    requests_total bigint
);
CREATE INDEX ON public.host_stats (host, ts);
COMMENT ON COLUMN public.host_stats.cpu IS 'CPU in use';
INSERT INTO public.host_stats VALUES
    ('2025-01-01 00:00Z', 'web-1.example.com', 'eu', 10, 100),
    ('2025-01-01 00:01Z', 'web-1.example.com', 'eu', 20, 160),
    ('2025-01-01 00:02Z', 'web-1.example.com', 'eu', 'NaN', 280),
    ('2025-01-01 00:00Z', 'web-2.example.com', 'us', 1, 10),
    ('2025-01-01 00:01Z', 'web-2.example.com', 'us', 2, 70),
    ('2025-01-01 00:02Z', 'web-2.example.com', 'us', 3, 130),
    ('2025-01-01 00:00Z', 'a/b|"c', 'us', 7, NULL);
INSERT INTO datebin.annotations (time, time_end, title, text, tags) VALUES
    ('2025-01-01 00:01Z', NULL, 'web 1.2', 'Deployed', '{deploy,prod}'),
    ('2025-01-01 00:00:30Z', '2025-01-01 00:02Z', 'outage', '', '{incident}');
ANALYZE public.host_stats;
