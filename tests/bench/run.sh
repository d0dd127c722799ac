#!/bin/sh
# Prints lines `NAME RATIO`: the other program's wall-clock time divided by ours, the median of alternating pairs on
# the same data. Behind it: processor seconds, peak memory and bytes written of our side, and what the last release had
# (released.txt). Arguments are names of races: only those are run. The environment changes how much data there is:
#   DEVICES 1,000,000   REPORT_DEVICES 500,000   SFTP_DEVICES 1,000,000   SFTP_MB 350   SFTP_FILES 5,000
#   SMALL_FILES 2,000
#   FIND_DEVICES 6,000,000   FIND_SESSIONS 1,000,000   FIND_JOBS 200,000
#   PAIRS 5             BENCH_DIR a temporary folder   SCALE 1/50, of `programme`
# `inv_delta_written_for_each_byte` is what an INV DELTA writes, in bytes for each byte of it: the less, the better.
# Of the reports of a week and a daemon (bench_week.py) the two lines `…_s` are seconds: the less, the better.
# The last one, `programme`, has no rival: what each stage of the migration programme costs (tests/e2e/programme.py).
here=$(dirname "$0")
. "$here/../../samples/packages.sh"
packages python3 libxml2-utils miller sqlite3 openssh-server openssh-client lftp strace >&2 || exit 2
for one in bench bench_small bench_report bench_find; do
    python3 "$here/$one.py" "$@" || exit
done
python3 "$here/bench_sftp.py" "$@" || exit
case " $* " in
"  " | *" programme "*) SCALE=${SCALE:-1/50} PLACE=${BENCH_DIR:-} python3 "$here/../e2e/programme.py" ;;
esac
