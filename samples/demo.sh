#!/bin/sh
# Builds ecosgate and runs the sample files through a gateway home under demo/. Can be repeated.
set -eu
cd "$(dirname "$0")/.."
top=$PWD
now=2023-07-03T12:00:00Z
. samples/packages.sh

say()
{
    printf '\n== %s\n' "$*"
}
show()
{
    printf '\n$ ecosgate %s\n' "$*"
    "$top/build/ecosgate" -c demo/ecosgate.conf --now "$now" "$@" || printf '(exit status %d)\n' $?
}

say "packages"
packages $build_packages
say "build in build/"
mkdir -p .build-aux build
[ -x configure ] && [ configure -nt configure.ac ] && [ Makefile.in -nt Makefile.am ] || autoreconf -fi
(
    cd build
    [ -f Makefile ] && [ Makefile -nt ../configure ] || ../configure --quiet
    make -s -j"$(nproc)" ecosgate samples/generate
)

say "a fresh home in demo/"
rm -rf demo
build/ecosgate init demo
say "the sender puts files into drops/mcc/in: four good ones, then one whose count is wrong (B208)"
say "and one with a bad DeviceID (C101)"
cp samples/good/EMI_* demo/drops/mcc/in/
build/samples/generate --form csv --devices 3 --sequence 5 --seed 5 -o demo >/dev/null
sed 's/^T,3/T,4/' demo/EMI_*_000005.csv >demo/drops/mcc/in/$(basename demo/EMI_*_000005.csv)
rm demo/EMI_*_000005.csv
name=EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000_000006.xml
sed -e 's|<FileSequence>1<|<FileSequence>6<|' -e 's|B20230703-0001|B20230703-0006|' \
    samples/codes/C101/EMI_*_000001.xml >"demo/drops/mcc/in/$name"
ls demo/drops/mcc/in

say "one pass of the gateway, as at $now"
show run --once
say "what it knows now"
show status
show spool list
say "what came out"
(cd demo/drops && find . -path '*/out/*' -type f | sort)
for type in EMA EMD EMW; do
    file=$(find demo/drops -path "*/out/*" -name "${type}_*" -type f | sort | head -n 1)
    [ -n "$file" ] || continue
    say "$file"
    cat "$file"
done
say "one Device"
device=$(sed -n 's/^D,1,\([^,]*\),.*/\1/p' samples/good/*_000002.csv)
show device show "$device"
show spool verify
