#!/bin/sh
# Prints `name ratio` lines: the rival's wall-clock time divided by ours, the median of alternating
# pairs on the same data. DEVICES, PAIRS and BENCH_DIR override 1,000,000, 5 and a temporary folder.
here=$(dirname "$0")
. "$here/../../samples/packages.sh"
packages python3 libxml2-utils miller sqlite3 >&2 || exit 2
exec python3 "$here/bench.py" "$@"
