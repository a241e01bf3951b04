//! Expressions from dashboards and alert rules, which must all read, and in both dialects.

use super::super::{Dialect, parse};

const EXPRESSIONS: &str = r#"
up
up == 0
up{job="node"} == 0
sum(rate(http_requests_total[5m]))
sum by (job) (rate(http_requests_total{status=~"5.."}[5m]))
sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) * 100
histogram_quantile(0.99, sum(rate(http_request_duration_seconds_bucket[5m])) by (le))
histogram_quantile(0.95, sum by (le, route) (rate(http_duration_bucket{env="prod"}[1m0s])))
100 - (avg by (instance) (irate(node_cpu_seconds_total{mode="idle"}[5m])) * 100)
node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes * 100
(node_filesystem_size_bytes{fstype!~"tmpfs|overlay"} - node_filesystem_free_bytes) / node_filesystem_size_bytes
predict_linear(node_filesystem_free_bytes{job="node"}[1h], 4 * 3600) < 0
predict_linear(node_filesystem_free_bytes[6h], 24h) < 0
absent(up{job="api"})
absent_over_time(up{job="api"}[10m])
changes(process_start_time_seconds[15m]) > 2
increase(kube_pod_container_status_restarts_total[1h]) > 5
topk(10, sum by (pod) (rate(container_cpu_usage_seconds_total[5m])))
bottomk(3, avg_over_time(up[1d]))
count by (version) (build_info)
count(count by (instance) (node_cpu_seconds_total))
count_values("version", build_info)
quantile(0.5, rate(foo[1m]))
max_over_time(deriv(rate(distance_covered_total[5s])[30s:5s])[10m:])
avg_over_time(rate(http_requests_total[5m])[30m:1m])
rate(http_requests_total[5m] offset 1w)
sum(http_requests_total{method="GET"} offset 5m)
rate(http_requests_total[5m] offset -1w)
http_requests_total @ 1609746000
sum(http_requests_total{method="GET"} @ 1609746000.123)
rate(http_requests_total[5m] @ end())
topk(5, rate(x[1h] @ end())) and on() vector(1)
method_code:http_errors:rate5m{code="500"} / ignoring(code) method:http_requests:rate5m
method_code:http_errors:rate5m / ignoring(code) group_left method:http_requests:rate5m
kube_pod_info * on(namespace, pod) group_left(node) kube_pod_labels
sum by (namespace) (kube_pod_status_phase{phase=~"Pending|Unknown"}) > 0
label_replace(up, "host", "$1", "instance", "(.*):.*")
label_join(up, "foo", ",", "src1", "src2")
vector(1)
time() - node_boot_time_seconds
(time() - timestamp(up)) > 60
day_of_week() == bool 0
hour() >= 9 and hour() < 17
sort_desc(sum(instance_memory_usage_bytes) by (app))
sum without (instance) (http_requests_total)
sum(instance_memory_usage_bytes) by (app, proc,) / 1024 / 1024
clamp_min(foo - bar, 0)
clamp(foo, -Inf, +Inf)
round(rate(foo[5m]) * 60, 0.1)
foo > bool 10
foo unless on(instance) bar
foo or bar or vector(0)
-foo
-2 ^ 2
2 ^ 3 ^ 2
0x1F + 1e3 + .5 + 1_000
{__name__=~"job:.*"}
{__name__="up", job="node"}
{job=~"a|b|c"}
{"http.server.duration", "service.name"="api"}
sum by ("service.name") ({"http.server.duration"})
max by (job) (up{job!~"(a|b)"}[5m:])
stddev_over_time(x[1h30m]) atan2 pi()
group by (a) (x)
limitk(2, x)
resets(x[1h0m0s])
avg_over_time(x[300]) * 1
x{a='single', b="double", c=`back`}
scalar(foo) * bar
sgn(delta(cpu_temp_celsius{host="zeus"}[2h]))
"#;

#[test]
fn expressions_from_real_life() {
    let expressions: Vec<&str> = EXPRESSIONS.lines().filter(|line| !line.is_empty()).collect();
    assert!(expressions.len() >= 60);
    for text in expressions {
        for dialect in [Dialect::PromQl, Dialect::Json] {
            let expr = parse(text, dialect).unwrap_or_else(|error| panic!("{text}: {error}\n{}", error.caret(text)));
            assert_eq!((expr.span.start, expr.span.end), (0, text.len()), "{text}");
        }
    }
}

#[test]
fn several_lines_with_comments() {
    let text = "sum( # all\n  rate(x[5m]) # per second\n) # \"quoted\" { (\n/ 2\n";
    assert!(parse(text, Dialect::PromQl).is_ok() && parse(text, Dialect::Json).is_ok());
}
