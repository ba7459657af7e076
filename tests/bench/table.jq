# SPDX-License-Identifier: MIT
#
# The tables of tests/bench/compare. Input: all its results as one array of {who, on, what, figures}; output: Markdown.

def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;

# All values of a figure: [who, on, what, figure].
def values($all; $w): [$all[] | select(.who == $w[0] and .on == $w[1] and .what == $w[2]) | .figures[$w[3]] // empty];

def thousands: if . >= 100000 then "\(. / 1000 | round) k" elif . >= 1000 then "\(. / 100 | round | . / 10) k"
    else tostring end;
def digits($n): . * pow(10; $n) | round | . / pow(10; $n);

# How a figure is written, by its unit.
def written($figure): if . == null then "–"
    elif $figure | test("_per_s$") then (if . >= 100 then round | thousands else digits(2) | tostring end)
    elif $figure | test("_ms$") then "\(digits(2)) ms"
    elif $figure | test("_us") then "\(digits(1)) µs"
    elif $figure | test("_mb$") then "\(digits(1)) MB"
    elif $figure | test("_pp$") then "\(digits(3)) points"
    else digits(2) | tostring end;

def spread($all; $w): values($all; $w) as $v |
    if $v | length == 0 then "not measured"
    elif $v | length == 1 then $v[0] | written($w[3])
    else "\($v | median | written($w[3])) (\($v | min | written($w[3])) to \($v | max | written($w[3])))" end;

# The peers that have this figure, the best first, with how much better weir is.
def beside($all; $w; $better; $own): [
    $all | map(select(.who != "weir" and .what == $w[2] and (.on == ($w[1] | if . == "normal" then "sqlite" else . end)) and
        .figures[$w[3]])) | group_by(.who)[] | {who: .[0].who, value: map(.figures[$w[3]]) | median}] |
    sort_by(.value) | if $better == "more" then reverse else . end |
    map("\(.who) \(.value | written($w[3]))" + (if $own == null then "" else
        (if $better == "more" then $own / .value else .value / $own end) | " (×\(if . >= 10 then round else digits(1) end))" end)) |
    join(", ") | if . == "" then "–" else . end;

# [label, [who, on, what, figure], goal, "more" or "less"]
def goals: [
    ["Process tasks that do nothing, one worker, Redis", ["weir", "redis", "process", "tasks_per_s"], 100000, "more"],
    ["The same end to end: two producers enqueue meanwhile", ["weir", "redis", "e2e", "tasks_per_s"], 60000, "more"],
    ["Enqueue in bulk from one thread, Redis", ["weir", "redis", "bulk", "tasks_per_s"], 200000, "more"],
    ["Process, SQLite, each commit synchronous", ["weir", "sqlite", "process", "tasks_per_s"], 50000, "more"],
    ["Process, SQLite, `sync=normal`", ["weir", "normal", "process", "tasks_per_s"], 90000, "more"],
    ["Enqueue in bulk, SQLite, `sync=normal`", ["weir", "normal", "bulk", "tasks_per_s"], 250000, "more"],
    ["Idle pick-up, median, Redis", ["weir", "redis", "latency", "pickup_p50_ms"], 0.3, "less"],
    ["Idle pick-up, 99 %, Redis", ["weir", "redis", "latency", "pickup_p99_ms"], 1, "less"],
    ["Idle pick-up, median, SQLite", ["weir", "sqlite", "latency", "pickup_p50_ms"], 0.3, "less"],
    ["Idle pick-up, 99 %, SQLite", ["weir", "sqlite", "latency", "pickup_p99_ms"], 1, "less"],
    ["Lateness of scheduled tasks, 99 %, Redis", ["weir", "redis", "scheduled", "late_p99_ms"], 50, "less"],
    ["Lateness of scheduled tasks, 99 %, SQLite", ["weir", "sqlite", "scheduled", "late_p99_ms"], 20, "less"],
    ["CPU of Redis for each processed task", ["weir", "redis", "process", "server_cpu_us"], 9, "less"],
    ["Memory of an idle worker, Redis", ["weir", "redis", "idle", "resident_mb"], 8, "less"],
    ["Memory of an idle worker, SQLite", ["weir", "sqlite", "idle", "resident_mb"], 8, "less"]
];

def goal_row($all): .[0] as $name | .[1] as $w | .[2] as $goal | .[3] as $better |
    (values($all; $w) | median) as $own |
    "| \($name) | \(if $better == "more" then "≥" else "≤" end) \($goal | written($w[3])) | \(spread($all; $w)) | \(
        if $own == null then "–" elif ($better == "more" and $own >= $goal) or ($better == "less" and $own <= $goal)
        then "yes" else "no" end) | \(beside($all; $w; $better; $own)) |";

def others: [
    ["Enqueue one by one, Redis", ["weir", "redis", "enqueue", "tasks_per_s"], "more"],
    ["Idle pick-up, median, SQLite, `sync=normal`", ["weir", "normal", "latency", "pickup_p50_ms"], "less"],
    ["Idle pick-up, 99 %, SQLite, `sync=normal`", ["weir", "normal", "latency", "pickup_p99_ms"], "less"],
    ["Enqueue one by one, SQLite, `sync=normal`", ["weir", "normal", "enqueue", "tasks_per_s"], "more"],
    ["Enqueue one by one, SQLite, each commit synchronous", ["weir", "sqlite", "enqueue", "tasks_per_s"], "more"],
    ["End to end, SQLite, `sync=normal`", ["weir", "normal", "e2e", "tasks_per_s"], "more"],
    ["End to end, SQLite, each commit synchronous", ["weir", "sqlite", "e2e", "tasks_per_s"], "more"],
    ["CPU of the worker for each task, Redis", ["weir", "redis", "process", "own_cpu_us"], "less"],
    ["CPU of the worker for each task, SQLite, `sync=normal`", ["weir", "normal", "process", "own_cpu_us"], "less"],
    ["Peak memory of a busy worker, Redis", ["weir", "redis", "process", "peak_mb"], "less"],
    ["Peak memory of a busy worker, SQLite", ["weir", "sqlite", "process", "peak_mb"], "less"],
    ["Wake-ups of an idle worker in a second, Redis", ["weir", "redis", "idle", "wakeups_per_s"], "less"],
    ["Wake-ups of an idle worker in a second, SQLite", ["weir", "sqlite", "idle", "wakeups_per_s"], "less"],
    ["Commands of an idle worker in a second, Redis ([which](#queues))", ["weir", "redis", "commands", "commands_per_s"], "less"],
    ["Scheduled tasks that ran early, Redis", ["weir", "redis", "scheduled", "early"], "less"],
    ["Scheduled tasks that ran early, SQLite", ["weir", "sqlite", "scheduled", "early"], "less"],
    ["Worst share of ten weighted queues, off by", ["weir", "redis", "fairness", "shares_off_pp"], "less"]
];

def other_row($all): .[0] as $name | .[1] as $w | .[2] as $better |
    "| \($name) | \(spread($all; $w)) | \(beside($all; $w; $better; values($all; $w) | median)) |";

. as $all
| "Measured on: \([$all[] | select(.who == "machine") | .text] | last // "a machine that was not noted").",
  "",
  "| | goal | weir: median (least to greatest) | met | peers of the same run, and how many times better weir is |",
  "|---|---|---|---|---|",
  (goals[] | goal_row($all)),
  "",
  "| without a goal | weir | peers |",
  "|---|---|---|",
  (others[] | other_row($all))
