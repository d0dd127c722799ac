#!/bin/sh
# Runs every fuzz target over every sample and over the inputs in tests/fuzz/corpus (TAP).
n=0
bad=0
for target in ${FUZZ_REPLAYS:?}; do
    n=$((n + 1))
    find "$top_srcdir/samples" "$top_srcdir/tests/fuzz" -type f -print0 |
        xargs -0 "$top_builddir/$target" && echo "ok $n - $target" || { bad=1; echo "not ok $n - $target"; }
done
echo "1..$n"
exit $bad
