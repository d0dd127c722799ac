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
say "the sender's files: four good ones, one whose count is wrong (B208), one with a bad DeviceID (C101)"
name=EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000
mkdir demo/files
cp samples/good/EMI_* demo/files/
build/samples/generate --form csv --devices 3 --sequence 5 --seed 5 -o demo/files >/dev/null
sed 's/^T,3/T,4/' "demo/files/${name}_000005.csv" >demo/files/.edited
mv demo/files/.edited "demo/files/${name}_000005.csv"
sed -e 's|<FileSequence>1<|<FileSequence>6<|' -e 's|B20230703-0001|B20230703-0006|' \
    "samples/codes/C101/${name}_000001.xml" >"demo/files/${name}_000006.xml"

say "the sender tries them first: nothing is taken, nothing is changed"
show check demo/files/*
say "then sends them all"
cp demo/files/* demo/drops/mcc/in/
ls demo/drops/mcc/in

say "one pass of the gateway, as at $now; status 1 says that a file or a Device was refused"
show run --once
say "what it knows now; two Devices of the last file are in work since the first one, so they are deferred (C110)"
show status
show spool list
say "what came out"
(cd demo/drops && find . -path '*/out/*' -type f | sort)
for file in "mcc/out/EMA_${name#EMI_}_000001_R1.xml" "mcc/out/EMA_${name#EMI_}_000005_R1.csv" \
    "mcc/out/EMD_${name#EMI_}_000006_R1.xml" tcos/out/EMW_*_000001.csv; do
    file=$(echo demo/drops/$file)
    say "$file"
    cat "$file"
done
say "all about the file that was rejected"
show spool show 5
say "one Device from its instruction to its work order"
device=$(sed -n 's/^D,1,\([^,]*\),.*/\1/p' samples/good/*_000002.csv)
show device show "$device"
say "everything recounted: bytes against digests, ledger against spool"
show spool verify
say "the home stays in demo/; look around with: build/ecosgate -c demo/ecosgate.conf status"
