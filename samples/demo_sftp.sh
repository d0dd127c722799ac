# Sourced by demo.sh --sftp, not run: a private sshd on the loopback through which the drops mcc and tcos are reached.
# Its keys are made here, for this demonstration alone. Uses $top (the source folder) and sets $port.

sshd_start() # FOLDER for keys, configuration and log
{
    for sshd in $(command -v sshd) /usr/sbin/sshd; do [ -x "$sshd" ] && break; done
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    mkdir -p "$1"
    ssh-keygen -q -t ed25519 -N '' -C gateway -f "$1/gateway_key"
    ssh-keygen -q -t ed25519 -N '' -C host -f "$1/host_key"
    cp "$1/gateway_key.pub" "$1/authorized_keys"
    # A port may be in use, and sshd says so only by ending: so try some.
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
        wait "$sshd_pid" || true
    done
    cat "$1/log" >&2
    echo "no sshd could be started; its log is above" >&2
    return 2
}

partner() # runs a batch of sftp commands from standard input, as a partner sends and fetches
{
    sftp -q -b - -P "$port" -i "$top/demo/sshd/gateway_key" -o UserKnownHostsFile="$top/demo/sshd/known_hosts" \
        -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes "$(id -un)@127.0.0.1"
}

over_sftp() # DROP: changes its group of the configuration so that the gateway reaches it through the server
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
