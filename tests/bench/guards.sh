#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Exact guards against regressions: what 1000 tasks cost in instructions, allocations, writes, syncs, commands and bytes, which
# is the same on a busy machine as on a quiet one. tests/bench/guards.txt has the figures that must not be exceeded by more
# than their margins; "guards.sh --print" prints such a table from what is measured now, with the margins of the present one.
#
# Instructions are counted with callgrind, in a build with optimisation for x86-64; without either those are left out, and
# those of Redis without a redis-server.
set -u
top=${abs_top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${abs_top_builddir:-$(pwd)}
table=$top/tests/bench/guards.txt
cycle=$build/tests/bench/cycle
N=1920

if [ "${WEIR_SANITIZERS:-no}" != no ]; then
    echo "skipped: sanitizers count, too"
    exit 77
fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/weir-guards.XXXXXX") || exit 1
server=
leave()
{
    [ -z "$server" ] || kill -KILL "$server" 2> /dev/null
    rm -rf "$folder"
}
trap leave EXIT
trap 'exit 1' HUP INT TERM
socket=$folder/socket
found=$folder/found
: > "$found"

die()
{
    echo "$*"
    exit 1
}

# ---- the stores -------------------------------------------------------------------------------------

url_of()
{
    case $1 in
        null) echo null: ;;
        sqlite) echo "sqlite:$folder/db" ;;
        normal) echo "sqlite:$folder/db?sync=normal" ;;
        redis) echo "redis+unix://$socket" ;;
    esac
}

# start_redis [COMMAND...]: a server, under the command; its timer as slow as it goes.
start_redis()
{
    "$@" redis-server --port 0 --unixsocket "$socket" --dir "$folder" --save '' --hz 1 --dynamic-hz no \
        --logfile '' > "$folder/redis.log" 2>&1 &
    server=$!
    tries=0
    until [ "$(redis-cli -s "$socket" ping 2> /dev/null)" = PONG ]; do
        tries=$((tries + 1))
        [ $tries -le 600 ] || die "redis-server does not start: $(tail -n 3 "$folder/redis.log")"
        sleep 0.05
    done
}

stop_redis()
{
    redis-cli -s "$socket" shutdown nosave > /dev/null 2>&1
    wait $server
    server=
}

# run_cycle MODE STORE N [COMMAND...]: in an empty store, under the command; its output is in $folder/out and $folder/err.
run_cycle()
{
    mode=$1 store=$2 n=$3
    shift 3
    rm -f "$folder"/db*
    [ "$store" != redis ] || redis-cli -s "$socket" flushall > /dev/null
    "$build/libtool" --quiet --mode=execute "$@" "$cycle" "$mode" "$(url_of "$store")" "$n" > "$folder/out" 2> "$folder/err" ||
        die "cycle $mode $store $n failed: $(tail -n 3 "$folder/err")"
}

# ---- what is counted --------------------------------------------------------------------------------

# keep WHAT MODE STORE COUNT: COUNT is of N tasks.
keep()
{
    echo "$1 $2 $3 $(($4 * 1000 / N))" >> "$found"
}

# Allocations, syncs, writes: the program counts them itself.
counts()
{
    run_cycle "$1" "$2" $N env
    while read -r what count; do
        case $2-$what in
            null-syncs | null-writ* | redis-syncs | redis-writ* | normal-alloc* | normal-writ*) ;;
            *) keep "$what" "$1" "$2" "$count" ;;
        esac
    done < "$folder/out"
}

# collected FILE: what callgrind counted.
collected()
{
    sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$1" | tail -n 1
}

instructions_of()
{
    run_cycle "$1" "$2" "$3" valgrind --tool=callgrind --callgrind-out-file=/dev/null
    collected "$folder/err"
}

# Of a store's client side: enqueueing is what it costs beyond 64 tasks, the rest what it costs beyond enqueueing.
instructions()
{
    least=$(instructions_of enqueue "$1" 64)
    enqueued=$(instructions_of enqueue "$1" $((N + 64)))
    consumed=$(instructions_of consume "$1" $((N + 64)))
    keep instructions enqueue "$1" $((enqueued - least))
    keep instructions consume "$1" $(((consumed - enqueued) * N / (N + 64)))
}

single_instructions()
{
    least=$(instructions_of single "$1" 64)
    keep instructions single "$1" $((($(instructions_of single "$1" 384) - least) * N / 320))
}

serve_instructions()
{
    least=$(instructions_of serve null 64)
    enqueued=$(instructions_of enqueue null $((2 * N)))
    keep instructions serve null $((($(instructions_of serve null $((2 * N))) - least - enqueued) / 2))
}

# The same of the server.
server_instructions_of()
{
    start_redis valgrind --tool=callgrind --callgrind-out-file=/dev/null
    run_cycle "$1" redis "$2" env
    stop_redis
    collected "$folder/redis.log"
}

server_instructions()
{
    least=$(server_instructions_of enqueue 64)
    enqueued=$(server_instructions_of enqueue $((N + 64)))
    consumed=$(server_instructions_of consume $((N + 64)))
    keep server_instructions enqueue redis $((enqueued - least))
    keep server_instructions consume redis $(((consumed - enqueued) * N / (N + 64)))
}

# number SECTION NAME: of the server's INFO.
number()
{
    redis-cli -s "$socket" info "$1" | tr -d '\r' | sed -n "s/^$2:\([0-9]*\)$/\1/p"
}

# Calls of one command, from its line in INFO.
calls_of()
{
    redis-cli -s "$socket" info commandstats | tr -d '\r' | sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*/\1/p"
}

# What a run had the server do: scripts called, commands (those in scripts included), bytes in and out.
traffic_of()
{
    redis-cli -s "$socket" config resetstat > /dev/null
    run_cycle "$1" redis "$2" env
    scripts=$(calls_of evalsha)
    bytes_in=$(number stats total_net_input_bytes)
    bytes_out=$(number stats total_net_output_bytes)
    commands=$(redis-cli -s "$socket" info commandstats | tr -d '\r' | sed -n 's/^cmdstat_.*:calls=\([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n }')
    echo "${scripts:-0} $commands $bytes_in $bytes_out"
}

traffic()
{
    # shellcheck disable=SC2046
    set -- $(traffic_of enqueue 64) $(traffic_of enqueue $((N + 64))) $(traffic_of consume $((N + 64)))
    keep scripts enqueue redis $(($5 - $1))
    keep commands enqueue redis $(($6 - $2))
    keep bytes_in enqueue redis $(($7 - $3))
    keep bytes_out enqueue redis $(($8 - $4))
    keep scripts consume redis $((($9 - $5) * N / (N + 64)))
    keep commands consume redis $(((${10} - $6) * N / (N + 64)))
    keep bytes_in consume redis $(((${11} - $7) * N / (N + 64)))
    keep bytes_out consume redis $(((${12} - $8) * N / (N + 64)))
}

# ---- what there is to count with --------------------------------------------------------------------

is_optimised()
{
    [ "$(uname -m)" = x86_64 ] && sed -n 's/^CFLAGS = //p' "$build/Makefile" | grep -q -e '-O[23]'
}

has_callgrind=no
if ! command -v valgrind > /dev/null; then
    echo "no instructions: valgrind is not installed"
elif ! is_optimised; then
    echo "no instructions: the figures are those of a build with optimisation on x86-64"
else
    has_callgrind=yes
fi
stores=null
[ "${WEIR_WITH_SQLITE:-yes}" = no ] || stores="$stores sqlite"
has_redis=no
if [ "${WEIR_WITH_REDIS:-yes}" = yes ] && command -v redis-server > /dev/null && command -v redis-cli > /dev/null; then
    has_redis=yes
    [ $has_callgrind = no ] || server_instructions
    start_redis env
    stores="$stores redis"
else
    echo "nothing of Redis: there is no redis-server"
fi
for store in $stores; do
    counts single "$store"
    counts enqueue "$store"
    counts consume "$store"
    [ $has_callgrind = no ] || instructions "$store"
done
case $stores in
    *sqlite*) counts single normal && counts enqueue normal && counts consume normal ;;
esac
counts serve null
if [ $has_callgrind = yes ]; then
    single_instructions null
    serve_instructions
fi
[ $has_redis = no ] || traffic

# ---- the verdict ------------------------------------------------------------------------------------

if [ "${1:-}" = --print ]; then
    awk 'FNR == NR { if (/^#/ || NF == 0) print; else margin[$1, $2, $3] = $5; next }
        { printf "%-20s %-8s %-7s %9d %3d\n", $1, $2, $3, $4, ($1, $2, $3) in margin ? margin[$1, $2, $3] : 10 }' \
        "$table" "$found"
    exit 0
fi
awk 'FNR == NR { if (!/^#/ && NF == 5) { limit[$1, $2, $3] = $4; margin[$1, $2, $3] = $5 } next }
    !(($1, $2, $3) in limit) { print "not in the table: " $0; failed = 1; next }
    {
        most = limit[$1, $2, $3] * (1 + margin[$1, $2, $3] / 100) + 1
        verdict = $4 > most ? "TOO MUCH" : $4 < limit[$1, $2, $3] * 0.9 ? "less: the table can be lowered" : "ok"
        if ($4 > most) failed = 1
        printf "%-20s %-8s %-7s %9d of %9d (+%d %%)  %s\n", $1, $2, $3, $4, limit[$1, $2, $3], margin[$1, $2, $3], verdict
        looked++
    }
    END { print looked + 0 " figures looked at"; exit failed || looked == 0 }' "$table" "$found"
