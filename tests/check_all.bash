# SPDX-License-Identifier: MIT
#
# The long checks, "./dev check-all [STEP...]", for dev to source: its variables and functions are used here. A step is a
# function step_NAME that adds what it did to the counts, and fails when it could not; what its first line says is its line in
# "./dev help".
# shellcheck shell=bash

steps=(scripts gcc clang asan tsan valgrind kill crowd ticks distcheck install without_sqlite without_redis debian12 debian13 redis_debian13)

step_scripts() # every shell script is clean for shellcheck
{
    local list
    mapfile -t list < <(abs_top_srcdir=$top && . tests/checks/files && scripts)
    shellcheck -x -S warning "${list[@]}" || return 1
    passed=$((passed + ${#list[@]}))
}

step_gcc() # everything with gcc, optimised hard
{
    suite gcc --enable-werror CC=gcc CXX=g++ CFLAGS='-g -O3'
}

step_clang() # everything with clang
{
    suite clang --enable-werror CC=clang CXX=clang++
}

step_asan() # everything with the address and undefined-behaviour sanitizers
{
    suite asan --enable-werror --enable-sanitizers=address,undefined CFLAGS='-g -O1'
}

step_tsan() # everything with the thread sanitizer
{
    local options="second_deadlock_stack=1"
    [ ! -f tests/tsan.supp ] || options="$options suppressions=$top/tests/tsan.supp"
    TSAN_OPTIONS=$options suite tsan --enable-werror --enable-sanitizers=thread CFLAGS='-g -O1'
}

step_valgrind() # no leak in the unit and conformance suites nor in the programs
{
    build_in main --enable-werror || return 1
    WEIR_VALGRIND="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect" \
        WEIR_TEST_TIMEOUT=1800 check_in main TESTS="$(tests_of main unit conformance programs)"
}

step_kill() # processes killed at random moments, 100 rounds
{
    build_in main --enable-werror || return 1
    WEIR_KILL_ROUNDS=${WEIR_KILL_ROUNDS:-100} WEIR_TEST_TIMEOUT=3600 \
        check_in main TESTS="$(tests_of main integration)"
}

step_crowd() # two workers and two producers on one broker for a minute
{
    build_in main --enable-werror || return 1
    WEIR_CROWD_SECONDS=${WEIR_CROWD_SECONDS:-60} WEIR_TEST_TIMEOUT=600 \
        check_in main TESTS="tests/integration/crowd tests/integration/crowd_redis.sh"
}

step_redis_faults() # Redis killed, full, paused, failed over and away under load, many times
{
    build_in main --enable-werror || return 1
    WEIR_REDIS_FAULT_ROUNDS=${WEIR_REDIS_FAULT_ROUNDS:-20} \
        WEIR_REDIS_FAULT_SECONDS=${WEIR_REDIS_FAULT_SECONDS:-10} WEIR_TEST_TIMEOUT=3600 \
        check_in main TESTS=tests/integration/redis_faults
}

step_redis_ways() # the conformance suite over a unix socket, TCP, Sentinel and (where there is) TLS
{
    build_in main --enable-werror || return 1
    make -C "$root/main" -j"$jobs" --no-print-directory check TESTS= > /dev/null || return 1
    abs_top_srcdir=$top abs_top_builddir=$root/main tests/conformance/redis_ways || return 1
    passed=$((passed + 1))
}

step_ticks() # periodic tasks of two workers for ten minutes, each leader killed after three seconds
{
    build_in main --enable-werror || return 1
    WEIR_TICK_SECONDS=${WEIR_TICK_SECONDS:-600} WEIR_TEST_TIMEOUT=1200 \
        check_in main TESTS=tests/integration/periodic.sh
}

step_distcheck() # the release builds, installs, passes its tests and cleans up after itself
{
    build_in main --enable-werror || return 1
    make -C "$root/main" --no-print-directory distcheck > "$root/main/distcheck.log" 2>&1 || {
        tail -n 60 "$root/main/distcheck.log"
        return 1
    }
    passed=$((passed + 1))
}

step_install() # a program builds and runs against what "make install" put in place, by pkg-config
{
    local place=$root/installed program=$root/installed-test
    build_in install --enable-werror --prefix="$place" || return 1
    rm -rf "$place"
    make -C "$root/install" --no-print-directory install > "$root/install/install.log" 2>&1 || {
        tail -n 20 "$root/install/install.log"
        return 1
    }
    cat > "$program.c" << 'END'
#include <stdio.h>
#include <weir.h>

int
main(void)
{
    return puts(weir_version()) < 0;
}
END
    # pkg-config's answer is several words.
    # shellcheck disable=SC2046
    ${CC:-cc} -o "$program" "$program.c" \
        $(PKG_CONFIG_PATH=$place/lib/pkgconfig pkg-config --cflags --libs weir) || return 1
    LD_LIBRARY_PATH=$place/lib "$program" || return 1
    passed=$((passed + 1))
}

step_without_sqlite() # the build without SQLite passes its tests
{
    suite without_sqlite --enable-werror --without-sqlite
}

step_without_redis() # the build without Redis passes its tests
{
    suite without_redis --enable-werror --without-redis
}

step_debian12() # ./dev test and ./dev demo on a bare Debian 12
{
    debian bookworm
}

step_debian13() # ./dev test and ./dev demo on a bare Debian 13
{
    debian trixie
}

step_redis_debian13() # on Debian 13, Redis 8 and Valkey 8: what is special about Redis, and redis_ways with TLS
{
    debian trixie redis
}

# What redis_debian13 does in its tree.
debian_redis()
{
    local server tests="tests/unit/redis tests/redis/redis tests/integration/redis_faults"
    in_tree "$1" ./dev build || return 1
    in_tree "$1" apt-get -q -y --no-install-recommends install \
        redis-server valkey-server openssl > "$root/trixie-redis.log" 2>&1 || return 1
    in_tree "$1" make -C build/main -j"$jobs" --no-print-directory check TESTS= || return 1
    for server in redis-server valkey-server; do
        in_tree "$1" env WEIR_TEST_REDIS_SERVER=$server abs_top_srcdir=/root/weir \
            abs_top_builddir=/root/weir/build/main tests/conformance/redis_ways || return 1
        in_tree "$1" make -C build/main --no-print-directory check \
            WEIR_TEST_REDIS_SERVER=$server TESTS="$tests" || {
            cat "$1/root/weir/build/main/test-suite.log"
            return 1
        }
    done
}

# debian SUITE [redis] - a bare tree, a fresh clone in it, and what README says to a newcomer, or else the tests of Redis.
debian()
{
    [ "$(id -u)" -eq 0 ] || { echo "needs root (debootstrap, chroot)"; return 1; }
    (
        tree=$(mktemp -d "${TMPDIR:-/var/tmp}/weir-$1.XXXXXX")
        trap 'debian_remove "$tree"' EXIT
        trap 'exit 1' INT TERM
        debian_run "$1" "$tree" "${WEIR_MIRROR:-http://deb.debian.org/debian}" "${2:-}"
    ) || return 1
    passed=$((passed + 1))
}

debian_remove()
{
    local folder
    for folder in proc dev; do
        if mountpoint -q "$1/$folder"; then umount "$1/$folder"; fi
    done
    rm -rf --one-file-system "$1"
}

debian_run()
{
    local suite=$1 tree=$2 mirror=$3 what=$4
    say "debootstrap $suite"
    debootstrap --variant=minbase "$suite" "$tree" "$mirror" > "$root/$suite.log" 2>&1 || {
        tail -n 20 "$root/$suite.log"
        return 1
    }
    chmod 755 "$tree" # as / is: others than root have to get through it
    mount -t proc proc "$tree/proc"
    mount --bind /dev "$tree/dev"
    cp /etc/resolv.conf "$tree/etc/resolv.conf"
    [ -e "$tree/etc/hosts" ] || echo "127.0.0.1 localhost" > "$tree/etc/hosts"
    cp /etc/apt/apt.conf.d/*proxy* "$tree/etc/apt/apt.conf.d/" 2> /dev/null || true
    git clone --quiet "$top" "$tree/root/weir"
    if [ "$what" = redis ]; then
        printf '#!/bin/sh\nexit 101\n' > "$tree/usr/sbin/policy-rc.d"
        chmod 755 "$tree/usr/sbin/policy-rc.d"
        debian_redis "$tree"
        return
    fi
    in_tree "$tree" ./dev test || return 1
    in_tree "$tree" ./dev demo
}

in_tree()
{
    local tree=$1
    shift
    say "$* (in $tree)"
    chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        sh -c 'cd /root/weir && exec "$@"' sh "$@" < /dev/null
}

command_check-all()
{
    local step before failed_steps=() chosen=("$@")
    ensure build test all
    mkdir -p "$root"
    [ ${#chosen[@]} -gt 0 ] || chosen=("${steps[@]}")
    for step in "${chosen[@]}"; do
        declare -F "step_$step" > /dev/null || die "check-all has no step $step (./dev help lists them)"
    done
    for step in "${chosen[@]}"; do
        say "check-all: $step"
        before=$failed
        if ! "step_$step"; then
            failed_steps+=("$step")
            [ "$failed" -gt "$before" ] || failed=$((failed + 1))
        fi
    done
    say "check-all: $((${#chosen[@]} - ${#failed_steps[@]})) of ${#chosen[@]} steps passed${failed_steps[*]:+; failed: ${failed_steps[*]}}"
    closing_line
}
