#!/bin/sh
# Builds the fuzz targets with clang's libFuzzer, ASan and UBSan, and searches with each for new failures:
#
#   sh tests/fuzz/fuzz.sh [SECONDS] [TARGET…]          by default 600 seconds each, all targets
#
# FUZZ_DIR (build-fuzz) holds the build, corpus/TARGET, which grows from run to run, log/TARGET, and found/TARGET-*:
# inputs that crashed, leaked, or took over 5 seconds, 512 MiB, or 64 MiB in one piece. FUZZ_JOBS (2) targets run at
# once. Installs missing packages (Debian). The exit status is 1 when something was found.
set -u
cd "$(dirname "$0")/../.." || exit 2
. samples/packages.sh
top=$PWD
seconds=600
case ${1:-} in
[0-9]*)
    seconds=$1
    shift
    ;;
esac
[ $# -gt 0 ] || set -- $(sed -n 's|^\ttests/fuzz/fuzz_\([a-z]*\).*|\1|p' Makefile.am)
dir=${FUZZ_DIR:-build-fuzz}
sanitizers=address,undefined

broken() # WHAT LOG
{
    echo "$1 failed:" >&2
    tail -n 40 "$2" >&2
    exit 2
}

packages $build_packages clang libclang-rt-14-dev || exit 2
mkdir -p "$dir/build" "$dir/corpus" "$dir/log" "$dir/found" .build-aux || exit 2
dir=$(cd "$dir" && pwd)
[ -x configure ] || autoreconf -fi >"$dir/log/build" 2>&1 || broken autoreconf "$dir/log/build"
echo "== building in $dir/build"
(cd "$dir/build" && { [ -f Makefile ] || "$top/configure" --quiet --enable-sanitizers CC=clang \
    CFLAGS="-g -O2 -fsanitize=fuzzer-no-link"; } &&
    make -s -j"$(nproc)" libcommands.a libgateway.a libvalidators.a libspool.a libformats.a) \
    >"$dir/log/build" 2>&1 || broken "the build" "$dir/log/build"
libraries=$(sed -n 's/^DEPS_LIBS = //p' "$dir/build/Makefile")
for target in "$@"; do
    # shellcheck disable=SC2046,SC2086
    clang -g -O2 -fsanitize=fuzzer,$sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer -D_GNU_SOURCE -I. \
        $(sed -n 's/^DEPS_CFLAGS = //p' "$dir/build/Makefile") "tests/fuzz/fuzz_$target.c" tests/fuzz/document.c \
        tests/fuzz/reading.c "$dir/build/libcommands.a" "$dir/build/libgateway.a" "$dir/build/libvalidators.a" \
        "$dir/build/libspool.a" "$dir/build/libformats.a" $libraries -o "$dir/build/fuzz_$target" \
        >"$dir/log/build" 2>&1 ||
        broken "the build of $target" "$dir/log/build"
done

fuzz() # TARGET
{
    mkdir -p "$dir/corpus/$1" "tests/fuzz/corpus/$1"
    # ASan keeps freed memory, which must not count against the limit; long stacks of allocations take half the time.
    ASAN_OPTIONS=quarantine_size_mb=16:malloc_context_size=3 top_srcdir=$top nice -n 10 "$dir/build/fuzz_$1" \
        -max_total_time="$seconds" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=64 -max_len=4096 \
        -print_final_stats=1 -artifact_prefix="$dir/found/$1-" \
        "$dir/corpus/$1" "tests/fuzz/corpus/$1" samples >"$dir/log/$1" 2>&1
}

running=0
for target in "$@"; do
    echo "== $target: $seconds seconds"
    fuzz "$target" &
    running=$((running + 1))
    [ $((running % ${FUZZ_JOBS:-2})) -ne 0 ] || wait
done
wait
for target in "$@"; do
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/log/$target") executions," \
        "$(find "$dir/corpus/$target" -type f | wc -l) inputs in its corpus"
done
found=$(find "$dir/found" -type f | sort)
[ -z "$found" ] && echo "nothing was found" && exit 0
echo "found (try again with $dir/build/fuzz_TARGET FILE):"
echo "$found"
exit 1
