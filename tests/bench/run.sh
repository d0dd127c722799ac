#!/bin/sh
# Prints `name ratio` lines: the rival's wall-clock time divided by ours, the median of alternating
# pairs on the same data. DEVICES, PAIRS and BENCH_DIR override 1,000,000, 5 and a temporary folder;
# REPORT_DEVICES 500,000; SFTP_MB, SFTP_FILES and SFTP_DEVICES 350, 5,000 and 1,000,000. Arguments are names of races: those alone.
here=$(dirname "$0")
. "$here/../../samples/packages.sh"
packages python3 libxml2-utils miller sqlite3 openssh-server openssh-client lftp >&2 || exit 2
python3 "$here/bench.py" "$@" && python3 "$here/bench_report.py" "$@" && exec python3 "$here/bench_sftp.py" "$@"
