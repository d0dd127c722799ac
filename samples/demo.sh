#!/bin/sh
# Builds ecosgate and runs files through gateway homes under demo/: first each kind of answer to an instruction, then a day of a
# migration with partners that samples/simulate.py plays. Can be repeated.
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

say()
{
    printf '\n== %s\n' "$*"
}
show()
{
    printf '\n$ ecosgate %s\n' "$*"
    "$top/build/ecosgate" -c $home/ecosgate.conf --now "$now" "$@" || printf '(exit status %d)\n' $?
}

# A server for this demonstration alone: keys made here, for whoever runs it, over by its end.
sshd_start() # FOLDER: sets port
{
    for sshd in $(command -v sshd) /usr/sbin/sshd; do [ -x "$sshd" ] && break; done
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    mkdir -p "$1"
    ssh-keygen -q -t ed25519 -N '' -C gateway -f "$1/gateway_key"
    ssh-keygen -q -t ed25519 -N '' -C host -f "$1/host_key"
    cp "$1/gateway_key.pub" "$1/authorized_keys"
    for try in 1 2 3 4 5 6 7 8 9; do
        port=$(awk "BEGIN { srand($$ + $try + $(date +%s)); print 12000 + int(20000 * rand()) }")
        cat >"$1/sshd_config" <<END
ListenAddress 127.0.0.1
Port $port
HostKey $1/host_key
AuthorizedKeysFile $1/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowTcpForwarding no
Subsystem sftp internal-sftp -d $top/demo/drops
END
        echo "[127.0.0.1]:$port $(cut -d ' ' -f 1,2 "$1/host_key.pub")" >"$1/known_hosts"
        "$sshd" -D -f "$1/sshd_config" -E "$1/log" &
        sshd_pid=$!
        trap 'kill "$sshd_pid" 2>/dev/null' EXIT
        trap 'exit 1' INT TERM HUP PIPE
        while kill -0 "$sshd_pid" 2>/dev/null; do
            if echo pwd | partner >/dev/null 2>&1; then return 0; fi
            sleep 0.1
        done
        wait "$sshd_pid" || true # the port was taken: another
    done
    cat "$1/log" >&2
    echo "no sshd could be started; its log is above" >&2
    return 2
}
partner() # a batch of sftp commands on standard input, as a partner sends and fetches
{
    sftp -q -b - -P "$port" -i "$top/demo/sshd/gateway_key" -o UserKnownHostsFile="$top/demo/sshd/known_hosts" \
        -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes "$(id -un)@127.0.0.1"
}
over_sftp() # DROP: its group of the configuration reaches the folders through the server
{
    awk -v group="[drop $1]" -v drop="$1" -v port="$port" -v user="$(id -un)" -v keys="$top/demo/sshd" '
        /^\[/ { ours = $0 == group }
        !ours || !/^(transport|in|out|complete)=/ { print; next }
        /^transport=/ {
            print "transport=sftp\nhost=127.0.0.1\nport=" port "\nuser=" user
            print "identity=" keys "/gateway_key\nknown_hosts=" keys "/known_hosts"
        }
        /^(in|out)=/ { sub(/=.*/, ""); print $0 "=" drop "/" $0 }
        /^complete=/ { print "complete=stable\nstable_seconds=1" }
    ' demo/ecosgate.conf >demo/ecosgate.conf.new
    mv demo/ecosgate.conf.new demo/ecosgate.conf
}
send() # FILE DROP: as a temporary name first, then under its own
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

say "packages"
packages $build_packages python3
[ "$transport" = local ] || packages openssh-server openssh-client
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
if [ "$transport" = sftp ]; then
    say "an sshd with keys of its own for demo/drops; mcc and tcos go through it"
    sshd_start "$top/demo/sshd"
    over_sftp mcc
    over_sftp tcos
    sed -n '/^\[drop mcc\]/,/^\[drop tcos\]/p' demo/ecosgate.conf | sed '$d'
    printf '\n$ ecosgate doctor\n'
    build/ecosgate -c demo/ecosgate.conf doctor # at the real time: it compares the clocks
fi
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
for file in demo/files/*; do send "$file" mcc; done
ls demo/drops/mcc/in
[ "$transport" = local ] || show pickup mcc

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

# ---- a day ----

made() # TYPE DEVICES OPTION…: a generated file in the drop of who sends it; files of one seed fit each other
{
    drop=dcc
    [ "$1" != EMI ] || drop=mcc
    build/samples/generate --type "$1" --devices "$2" --seed 7 --output $home/drops/$drop/in --time "$now" $3
}
partners() # TIME OPTION…: what is due goes out, they answer it, the gateway takes the answers
{
    now=$1
    shift
    show run --once
    printf '\n$ samples/simulate.py %s --now %s %s\n' $home "$now" "$*"
    python3 samples/simulate.py $home --now "$now" "$@"
    show run --once
}
day()
{
    home=demo/day
    now=2023-07-04T06:00:00Z
    say "a day of a migration, in a home of its own: reference data from DCC, then an instruction for 200 Devices"
    build/ecosgate init $home
    made INV 250 '--suppliers 3'
    made COS 12 '--start 2023-07-08'
    made NMM 6 '--start 2023-07-01'
    made PTY 3 '--suppliers 3'
    show run --once
    made EMI 200 '--form csv'
    show run --once
    say "some were deferred for an imminent change of supplier (C109), some rejected for their model (C107); the partners answer"
    errors='--error D101=0.2 --error D117=0.02 --silence 0.01'
    unsure='--unconfirmed 0.03 --mismatch 0.02'
    partners 2023-07-04T06:02:00Z $errors $unsure
    partners 2023-07-04T06:10:00Z $errors $unsure
    say "who failed with a passing code is tried again, after 5, 5, 10, 20 … minutes"
    show device list --state RETRY_WAIT
    partners 2023-07-04T06:20:00Z $errors $unsure
    partners 2023-07-04T06:40:00Z $errors $unsure
    now=2023-07-05T07:00:00Z
    say "the next morning: sessions of which nothing was heard are over (D103), confirmations are missing (D150)"
    show run --once
    show status
    for state in CONFIRM_PENDING CONFIRM_MISMATCH FAILED; do show device list --state $state; done
    say "why one of them is where it is, and what would move it"
    show why "$("$top/build/ecosgate" -c $home/ecosgate.conf --json device list --state CONFIRM_MISMATCH |
        sed -n '1s/.*"work_item": *"\([^"]*\)".*/\1/p')"
    say "one Device that needed a second try"
    show device show "$(awk -F, '$1 == "D" && $10 == 2 { print $4; exit }' $home/drops/tcos/out/EMW_*)"
    say "the ECoS side looks again and says all it knows; what says nothing new is a warning (C119) and changes nothing"
    partners "$now" $errors --side ecos --again
    say "with that every Device has ended: the outcome of the batch"
    ls $home/drops/mcc/out
    awk -F, '$1 == "D" { n[$5 " " $6]++ } END { for (outcome in n) print n[outcome], outcome }' $home/drops/mcc/out/EMO_* | sort
    show spool verify
}
month()
{
    now=2023-08-01T00:10:00Z
    say "a month later: every period that has ended in between is reported, oldest first, each once"
    made INV 250 '--suppliers 3 --sequence 2'
    show run --once
    printf '\n$ ecosgate --json report list    (files by report)\n'
    "$top/build/ecosgate" -c $home/ecosgate.conf --now "$now" --json report list |
        sed -n 's/.*"ref": *"\([^"]*\)".*"state": *"\([^"]*\)".*/\1 \2/p' | sort | uniq -c
    printf '\n$ ecosgate report ECOSMIG-001 --period 2023-07-04T12:00:00Z    (the first lines)\n'
    "$top/build/ecosgate" -c $home/ecosgate.conf --now "$now" report ECOSMIG-001 --period 2023-07-04T12:00:00Z | sed -n 1,4p
    show report ECOSMIG-005 --period 2023-07-04T12:00:00Z
    show report MGMT
    show spool verify
    say "the same for people, in a browser: $(cd $home/drops/dcc/out && ls "$PWD"/MGMT_*.html | tail -n 1)"
}
day
month
say "the homes stay in demo/ and demo/day/; look around with: build/ecosgate -c demo/day/ecosgate.conf status"
