#!/bin/sh
# Installs what is missing, builds twice (crash points; ASan and UBSan), runs every test of both.
# The last line is `N passed, N failed`.
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
    failed=$((failed + 1))
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

suite() # FOLDER CONFIGURE-OPTION…
{
    folder=$1
    shift
    echo "== $folder: configure $*"
    mkdir -p "$folder"
    log=$PWD/$folder/run.log
    (cd "$folder" && ../configure --quiet "$@") >"$log" 2>&1 || { broken "$folder: configure" "$log"; return; }
    make -C "$folder" -s -j"$(nproc)" all >"$log" 2>&1 || { broken "$folder: make" "$log"; return; }
    make -C "$folder" -s -k -j"$(nproc)" check >"$log" 2>&1
    status=$?
    p=$(($(total PASS "$log") + $(total XFAIL "$log")))
    f=$(($(total FAIL "$log") + $(total XPASS "$log") + $(total ERROR "$log")))
    # A check that could not even be built counts as one failure.
    [ "$status" -eq 0 ] || [ "$f" -gt 0 ] || { broken "$folder: make check" "$log"; f=0; }
    passed=$((passed + p))
    failed=$((failed + f))
    echo "$folder: $p passed, $f failed"
    [ "$f" -eq 0 ] || for trs in $(find "$folder" -name '*.trs' | sort); do
        grep -Eq '^:global-test-result: *(FAIL|ERROR)' "$trs" || continue
        show "${trs%.trs}.log"
    done
}

packages $build_packages $test_packages || { failed=1; finish; }
mkdir -p .build-aux
autoreconf -fi >.build-aux/autoreconf.log 2>&1 || { broken autoreconf .build-aux/autoreconf.log; finish; }
suite build-test --enable-werror --enable-crash-points
suite build-asan --enable-werror --enable-crash-points --enable-sanitizers
finish
