#!/bin/sh
# Builds ecosgate and runs the sample files through a gateway home under demo/. Can be repeated.
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
packages $build_packages
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
say "the home stays in demo/; look around with: build/ecosgate -c demo/ecosgate.conf status"
