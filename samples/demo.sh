#!/bin/sh
# Builds ecosgate and shows it at work in two homes under demo/: six instruction files, then a day of a migration with
# partners that samples/simulate.py plays, and the reports of a month. Prints the story; demo/demo.log has every command
# with all that it printed. Can be repeated.
#   demo.sh --sftp    the drops mcc and tcos are reached through a private sshd on the loopback
set -eu
transport=local
case ${1-} in
'') ;;
--sftp) transport=sftp ;;
*) echo "usage: sh samples/demo.sh [--sftp]" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
top=$PWD
home=demo
now=2023-07-03T12:00:00Z
. samples/packages.sh
. samples/demo_sftp.sh

say()
{
    printf '\n== %s\n' "$*" | tee -a demo/demo.log
}
note()
{
    printf '\n-- %s\n' "$*" | tee -a demo/demo.log
}
gateway() # COMMAND…: runs it at $now; a status other than 0 is printed, and is no fault of the demonstration
{
    printf '\n$ ecosgate %s\n' "$*"
    "$top/build/ecosgate" -c $home/ecosgate.conf --now "$now" "$@" 2>&1 || printf '(exit status %d)\n' $?
}
show() # COMMAND…: in the story and in the log
{
    gateway "$@" | tee -a demo/demo.log
}
quiet() # COMMAND…: in the log alone
{
    gateway "$@" >>demo/demo.log
}
send() # FILE DROP: under a temporary name first, then under its own
{
    sent=$(basename "$1")
    if [ "$transport" = sftp ]; then
        printf 'put %s %s/in/.%s.part\nrename %s/in/.%s.part %s/in/%s\n' "$1" "$2" "$sent" "$2" "$sent" "$2" "$sent" |
            partner >/dev/null
    else
        cp "$1" "demo/drops/$2/in/.$sent.part"
        mv "demo/drops/$2/in/.$sent.part" "demo/drops/$2/in/$sent"
    fi
}

build() # in a subshell, for it changes the folder
{
    mkdir -p .build-aux build
    {
        [ -x configure ] && [ configure -nt configure.ac ] && [ Makefile.in -nt Makefile.am ] || autoreconf -fi
        cd build
        [ -f Makefile ] && [ Makefile -nt ../configure ] || ../configure --quiet
        make -s -j"$(nproc)" ecosgate samples/generate
    } >build/demo-build.log 2>&1
}

# ---- six files ----

make_files() # four good ones, one whose count is wrong (B208), one with a bad DeviceID (C101)
{
    name=EMI_MCC_90-B3-D5-1F-30-0E-C0-01_20230703_060000
    mkdir demo/files
    cp samples/good/EMI_* demo/files/
    build/samples/generate --form csv --devices 3 --sequence 5 --seed 5 -o demo/files >/dev/null
    sed 's/^T,3/T,4/' "demo/files/${name}_000005.csv" >demo/files/.edited
    mv demo/files/.edited "demo/files/${name}_000005.csv"
    sed -e 's|<FileSequence>1<|<FileSequence>6<|' -e 's|B20230703-0001|B20230703-0006|' \
        "samples/codes/C101/${name}_000001.xml" >"demo/files/${name}_000006.xml"
}
files()
{
    make_files
    say "1. A sender tries two files before sending them: what is wrong, where, and what was expected"
    show check "demo/files/${name}_000005.csv" "demo/files/${name}_000006.xml"

    say "2. The sender puts six files into his drop; these two are among them. One pass judges each"
    for file in demo/files/*; do send "$file" mcc; done
    [ "$transport" = local ] || quiet pickup mcc
    show run --once
    note "Status 1: a file or a Device was refused. The two good Devices of the sixth file are deferred (C110), because
   the first file has them in work already"
    note "The acknowledgement (EMA) of the refused file, as the sender finds it in his drop"
    tee -a demo/demo.log <"demo/drops/mcc/out/EMA_${name#EMI_}_000005_R1.csv"
    note "A work order (EMW) for the TCoS Service Provider: three Devices of the first file"
    cat demo/drops/tcos/out/EMW_*_000001.csv | tee -a demo/demo.log
    for command in status 'spool list' 'spool show 5' 'spool verify'; do quiet $command; done
}

# ---- a day ----

made() # TYPE DEVICES OPTIONS: a generated file in the drop of the party that sends it; files of one seed fit each other
{
    drop=dcc
    [ "$1" != EMI ] || drop=mcc
    build/samples/generate --type "$1" --devices "$2" --seed 7 --output $home/drops/$drop/in --time "$now" $3
} >>demo/demo.log
partners() # TIME OPTIONS…: work orders go out, the Service Providers answer them, the gateway takes the answers in
{
    now=$1
    shift
    quiet run --once
    {
        printf '\n$ samples/simulate.py %s --now %s %s\n' $home "$now" "$*"
        python3 samples/simulate.py $home --now "$now" "$@"
    } >>demo/demo.log
    quiet run --once
}
first_in() # STATE: the WorkItemId of the first Device in it
{
    build/ecosgate -c $home/ecosgate.conf --now "$now" --json device list --state "$1" |
        sed -n '1s/.*"work_item": *"\([^"]*\)".*/\1/p'
}
day()
{
    home=demo/day
    now=2023-07-04T06:00:00Z
    build/ecosgate init $home >>demo/demo.log
    made INV 250 '--suppliers 3'
    made COS 12 '--start 2023-07-08'
    made NMM 6 '--start 2023-07-01'
    made PTY 3 '--suppliers 3'
    quiet run --once
    made EMI 200 '--form csv'
    quiet run --once
    errors='--error D101=0.2 --error D117=0.02 --silence 0.01'
    unsure='--unconfirmed 0.03 --mismatch 0.02'
    for time in 06:02 06:10 06:20 06:40; do partners "2023-07-04T$time:00Z" $errors $unsure; done
    now=2023-07-05T07:00:00Z
    quiet run --once
    quiet status

    say "3. A day of a migration: 200 Devices, reference data, results, retries. One Device that needed two tries"
    show device show "$(awk -F, '$1 == "D" && $10 == 2 { print $4; exit }' $home/drops/tcos/out/EMW_*)"
    note "Why another Device is where it is, and what would move it on"
    show why "$(first_in CONFIRM_MISMATCH)"

    partners "$now" $errors --side ecos --again
    note "The ECoS side corrects itself; then every Device has ended. The batch's outcome (EMO) by outcome and code"
    awk -F, '$1 == "D" { n[$5 " " $6]++ } END { for (outcome in n) print n[outcome], outcome }' \
        $home/drops/mcc/out/EMO_* | sort | tee -a demo/demo.log
}

# ---- a month ----

new_inventory() # by now it names the ECoS credentials of each Device that has migrated
{
    build/ecosgate -c $home/ecosgate.conf --now "$now" --json device list --state MIGRATED |
        sed -n 's/.*"device": *"\([^"]*\)".*/\1/p' >demo/migrated
    inventory=$(build/samples/generate --type INV --devices 250 --seed 7 --suppliers 3 --sequence 2 --time "$now" \
        --output demo/files)
    awk -F, 'NR == FNR { migrated[$1]; next } $4 in migrated { sub(/,TCOS,/, ",ECOS,") } { print }' \
        demo/migrated "$inventory" >"$home/drops/dcc/in/.new"
    mv "$home/drops/dcc/in/.new" "$home/drops/dcc/in/$(basename "$inventory")"
    rm "$inventory" demo/migrated
}
month()
{
    now=2023-08-01T00:10:00Z
    new_inventory
    quiet run --once
    say "4. A month later every period that has ended is reported, each once: files by report and state"
    note "MGMT-PAGE is the management page: the figures of MGMT, week by week, as charts for a browser"
    build/ecosgate -c $home/ecosgate.conf --now "$now" --json report list |
        sed -n 's/.*"ref": *"\([^"]*\)".*"state": *"\([^"]*\)".*/\1 \2/p' | sort | uniq -c | tee -a demo/demo.log
    quiet report ECOSMIG-001 --period 2023-07-04T12:00:00Z
    quiet report ECOSMIG-005 --period 2023-07-04T12:00:00Z
    quiet report MGMT
    say "5. Everything recounted: stored bytes against digests, ledger against spool, Devices in against outcomes"
    show spool verify
}

packages $build_packages python3
[ "$transport" = local ] || packages openssh-server openssh-client
cat <<END
Commands are shown without '-c demo/ecosgate.conf --now $now'
(from 3. on: '-c demo/day/ecosgate.conf' and a later time). To repeat one:
build/ecosgate -c demo/ecosgate.conf --now $now spool list
END
echo "building in build/; what the tools print goes to build/demo-build.log"
(build) || {
    tail -n 40 build/demo-build.log >&2
    echo "the build failed; the whole log: build/demo-build.log" >&2
    exit 2
}
rm -rf demo
build/ecosgate init demo >/dev/null
: >demo/demo.log
if [ "$transport" = sftp ]; then
    say "0. The drops mcc and tcos are on an SFTP server, an sshd with keys of its own; ecosgate doctor tries one"
    sshd_start "$top/demo/sshd"
    over_sftp mcc
    over_sftp tcos
    # At the real time, for it compares the clocks.
    build/ecosgate -c demo/ecosgate.conf doctor mcc 2>&1 | tee -a demo/demo.log
fi
files
day
month
cat <<END

== Try next
build/ecosgate -c demo/day/ecosgate.conf --now 2023-08-01T00:10:00Z status
build/ecosgate -c demo/day/ecosgate.conf device list --state FAILED
build/ecosgate check FILE…                 with an instruction file of your own; demo/files/ has six to change
a browser: $(ls demo/day/drops/dcc/out/MGMT_*.html | tail -n 1)
all commands of this demonstration and what they printed: demo/demo.log
END
