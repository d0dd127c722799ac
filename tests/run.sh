#!/bin/sh
# Installs what is missing, builds twice (crash points; also ASan and UBSan), runs every test of both builds.
# The last line is `N passed, N failed`.
#
# Both builds go on side by side, and each runs its tests as soon as it is built. Tests often wait (for a
# daemon, a server, a disk), and a long one at the end would leave a processor idle.
set -u
cd "$(dirname "$0")/.." || exit 2
. samples/packages.sh
passed=0
failed=0

finish()
{
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}
broken() # WHAT LOG
{
    echo "$1 failed:" >&2
    tail -n 60 "$2" >&2
}
show() # LOG of a test: what went wrong in it, each with the comments behind it, then its end
{
    echo "-- $1"
    awk '/^not ok/ { n++; left = 25 }
        !/^(not ok|#)/ { left = 0 }
        left-- > 0 && n <= 40
        END { if (n > 40) print "… and " n - 40 " more" }' "$1"
    echo "-- its last lines"
    tail -n 40 "$1"
}
total() # WORD LOG
{
    sed -n "s/^# $1: *//p" "$2" | awk '{ n += $1 } END { print n + 0 }'
}

suite() # FOLDER CONFIGURE-OPTION…: writes FOLDER/result, "PASSED FAILED"
{
    folder=$1
    shift
    log=$PWD/$folder/run.log
    echo "0 1" >"$folder/result"
    (cd "$folder" && ../configure --quiet "$@") >"$log" 2>&1 || { broken "$folder: configure" "$log"; return; }
    make -C "$folder" -s -j"$(nproc)" all >"$log" 2>&1 || { broken "$folder: make" "$log"; return; }
    echo "$folder: built after $(($(date +%s) - start)) s"
    make -C "$folder" -s -k -j"$(nproc)" check >"$log" 2>&1
    status=$?
    p=$(($(total PASS "$log") + $(total XFAIL "$log")))
    f=$(($(total FAIL "$log") + $(total XPASS "$log") + $(total ERROR "$log")))
    # A check that could not even be built counts as one failure.
    [ "$status" -eq 0 ] || [ "$f" -gt 0 ] || { broken "$folder: make check" "$log"; f=1; }
    echo "$folder: $p passed, $f failed, after $(($(date +%s) - start)) s"
    [ "$f" -eq 0 ] || find "$folder" -name '*.trs' | sort | while read -r trs; do
        grep -Eq '^:global-test-result: *(FAIL|ERROR)' "$trs" || continue
        show "${trs%.trs}.log"
    done
    echo "$p $f" >"$folder/result"
}

packages $build_packages $test_packages || { failed=1; finish; }
start=$(date +%s)
mkdir -p .build-aux build-test build-asan
autoreconf -fi >.build-aux/autoreconf.log 2>&1 || { broken autoreconf .build-aux/autoreconf.log; failed=1; finish; }
# Each writes to a file of its own, so that their lines do not mix.
suite build-test --enable-werror --enable-crash-points >build-test/said 2>&1 &
suite build-asan --enable-werror --enable-crash-points --enable-sanitizers >build-asan/said 2>&1 &
wait
for folder in build-test build-asan; do
    cat "$folder/said"
    read -r p f <"$folder/result"
    passed=$((passed + p))
    failed=$((failed + f))
done
finish
