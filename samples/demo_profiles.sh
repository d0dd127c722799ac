#!/bin/sh
# Leads through gateway/PROFILES.md: a new profile from the proposal, edited and checked, a file tried with it, and
# passes of a gateway whose MCC speaks the new profile while the Service Providers still speak the proposal.
#   demo_profiles.sh [FOLDER]      works in FOLDER (demo-profiles), which it makes anew
# ECOSGATE names the program (build/ecosgate).
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
ecosgate=${ECOSGATE:-$source/build/ecosgate}
folder=${1:-demo-profiles}
if [ ! -x "$ecosgate" ]; then
    echo "there is no program $ecosgate; build it first (sh samples/demo.sh does), or name another one in ECOSGATE" >&2
    exit 2
fi
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

say()
{
    printf '\n== %s\n' "$*"
}
show() # COMMAND…: a status other than 0 is printed, and is no fault of the demonstration
{
    printf '\n$ ecosgate %s\n' "$*"
    "$ecosgate" "$@" 2>&1 || printf '(exit status %d)\n' $?
}
edit() # FILE SED-COMMAND: a change that an editor would make
{
    sed "$2" "$1" >.edited
    mv .edited "$1"
}

say "1. A new profile begins as the proposal"
show profile new annex-2.0 --from proposal-1.0

say "2. The annex: other names of instructions and of their answers, another column, root, word and code"
parts='{org}-{sequence:4}-{instant:YYYYMMDDTHHMMSSZ}'
edit annex-2.0/names.json "s|\"EMI\": \"EMI_.*\"|\"EMI\": \"ASSIGN-$parts.{form}\"|"
edit annex-2.0/names.json "s|\"EMI\": \"EMA_.*\"|\"EMI\": \"RECEIPT-$parts.{revision}.{form}\"|"
edit annex-2.0/names.json "s|\"EMI\": \"EMD_.*\"|\"EMI\": \"DECISION-$parts.{revision}.{form}\"|"
edit annex-2.0/names.json "s|\"EMI\": \"EMO_.*\"|\"EMI\": \"CLOSURE-$parts.{revision}.{form}\"|"
edit annex-2.0/xml.json 's|"MigrationInstruction"|"Assignment"|; s|urn:ecos-gateway:migration:1|urn:example:annex:2|'
edit annex-2.0/records/EMI-D.json 's|"DeviceID"|"MeterEUI"|; s|"device.model"|"device.modell"|'
cat >annex-2.0/codes.json <<'END'
{"codes": {"C101": {"code": "E-101", "text": "the meter has no EUI-64"}},
 "values": {"device.type": {"ESME": "Electricity", "GSME": "Gas", "GPF": "Proxy"}}}
END
show profile check annex-2.0

say "3. The slip is mended. Now samples of all files are read, judged and validated, and show the next one"
edit annex-2.0/records/EMI-D.json 's|"device.modell"|"device.model"|'
show profile check annex-2.0
edit annex-2.0/forms.json 's/"\[A-D\]\[0-9\]{3}"/"[A-E]-?[0-9]{3}"/'
show profile check annex-2.0 --samples annex-samples
show profile diff proposal-1.0 annex-2.0

say "4. A file of the partner, tried by the new profile and by the proposal"
instruction=ASSIGN-MCC-0001-20230703T060000Z.csv
cat "annex-samples/$instruction"
show check --profile annex-2.0 "annex-samples/$instruction"
show check "annex-samples/$instruction"

say "5. The MCC gets the new profile; the Service Providers keep the proposal"
show init home
mv annex-2.0 home/
edit home/ecosgate.conf 's|^\[party MCC\]|[party MCC]\
profile=annex-2.0;proposal-1.0|'
printf '[party MCC]\nprofile=annex-2.0;proposal-1.0\n'
gateway() # TIME COMMAND…
{
    at=$1
    shift
    show -c home/ecosgate.conf --now "$at" "$@"
}
send() # FILE DROP
{
    cp "$1" "home/drops/$2/in/.part"
    mv "home/drops/$2/in/.part" "home/drops/$2/in/${1##*/}"
}
gateway 2023-07-03T12:00:00Z profile list
send "annex-samples/$instruction" mcc
gateway 2023-07-03T12:00:00Z run --once
ls home/drops/mcc/out home/drops/tcos/out

say "6. The Service Providers answer the work order in the proposal's formats. The outcome leaves in the MCC's"
show profile check proposal-1.0 --samples samples
from() # TYPE ORG EUI-64 DROP: the sample of that type, as a file of that party
{
    sample=$(echo samples/"$1"_MCC_*.csv)
    file=$1_$2_$3_20230703_130500_000001.csv
    sed "s/90-B3-D5-1F-30-0E-C0-01/$3/; s/2023-07-03T06:00:00Z/2023-07-03T13:05:00Z/" "$sample" >"$file"
    send "$file" "$4"
}
from EMT TCSP 90-B3-D5-1F-30-0E-C0-02 tcos
from EMC ECSP 90-B3-D5-1F-30-0E-C0-03 ecos
gateway 2023-07-03T13:10:00Z run --once
ls home/drops/mcc/out home/drops/tcos/out home/drops/ecos/out
cat home/drops/mcc/out/CLOSURE-*
gateway 2023-07-03T13:10:00Z spool show 1
gateway 2023-07-03T13:10:00Z spool verify
