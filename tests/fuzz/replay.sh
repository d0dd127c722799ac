#!/bin/sh
# Runs every fuzz target over every sample and over the inputs in tests/fuzz/corpus (TAP), with limited memory: 256 MiB
# of address space, or with a sanitizer, which takes terabytes of that, 64 MiB in one piece.
n=0
bad=0
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}max_allocation_size_mb=64
export ASAN_OPTIONS
for target in ${FUZZ_REPLAYS:?}; do
    n=$((n + 1))
    (
        grep -q __asan_init "$top_builddir/$target" || ulimit -v 262144
        find "$top_srcdir/samples" "$top_srcdir/tests/fuzz" -type f -print0 | xargs -0 "$top_builddir/$target"
    ) && echo "ok $n - $target" || { bad=1; echo "not ok $n - $target"; }
done
echo "1..$n"
exit $bad
