#!/bin/sh
# The golden test: compares the answers to every sample with the expected ones, byte for byte (TAP).
#   expect.sh [--check|--update] [FOLDER…]     ECOSGATE names the program, default ./ecosgate
# Each folder gets a home of its own. Its files arrive in the order of the file `order`, else by name,
# and a pass of the gateway follows each, at the time that stands behind the name.
set -u
samples=${top_srcdir:-$(dirname "$0")/..}/samples
samples=$(cd "$samples" && pwd)
gate=${ECOSGATE:-./ecosgate}
gate=$(cd "$(dirname "$gate")" && pwd)/$(basename "$gate")
now=2023-07-03T12:00:00Z
mode=--check
case ${1-} in --check | --update) mode=$1; shift ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/ecosgate-expect.XXXXXX") || exit 99
[ -x "$gate" ] || { echo "Bail out! no program at $gate"; exit 1; }

arrivals() # FOLDER: names and times in the order of arrival; "-" is a pass without a file, "+ TIME
# COMMAND" an operator's command
{
    if [ -f "$1/order" ]; then grep -v '^#' "$1/order"; else
        (cd "$1" && ls | LC_ALL=C sort | grep -v '^expected$')
    fi
}

drop_of() # NAME: the drop of the party that sends this type
{
    case $1 in
    INV_* | COS_* | NMM_* | PTY_*) echo dcc ;;
    EMT_*) echo tcos ;;
    EMC_*) echo ecos ;;
    *) echo mcc ;;
    esac
}

configure() # FOLDER CONFIGURATION: lines "group key=value" of the folder's file `settings`; SAMPLES/ is this folder
{
    [ -f "$1/settings" ] || return 0
    while IFS= read -r line; do
        awk -v group="[${line% *}]" -v setting="${line##* }" -v samples="$samples/" '
            BEGIN { key = setting; sub(/=.*/, "=", key); sub(/SAMPLES\//, samples, setting) }
            /^\[/ { inside = $0 == group }
            inside && index($0, key) == 1 { next }
            { print }
            /^\[/ && inside { print setting }' "$2" >"$2.new" && mv "$2.new" "$2"
    done <"$1/settings"
}

produce() # FOLDER HOME OUT
{
    "$gate" init "$2" >/dev/null || return 1
    configure "$1" "$2/ecosgate.conf"
    mkdir -p "$3"
    arrivals "$1" | while read -r name time command; do
        if [ "$name" = + ]; then
            # shellcheck disable=SC2086 # words of a command; no sample has a blank in one
            "$gate" -c "$2/ecosgate.conf" --now "$time" $command >/dev/null 2>"$2/messages" </dev/null
            echo "$command $?" >>"$3/run.status"
            continue
        fi
        in=$2/drops/$(drop_of "$name")/in
        [ "$name" = - ] || { cp "$1/$name" "$in/.arriving" && mv "$in/.arriving" "$in/$name"; }
        "$gate" -c "$2/ecosgate.conf" --now "${time:-$now}" run --once >/dev/null 2>"$2/messages"
        status=$?
        echo "$name $status" >>"$3/run.status"
        [ "$status" -le 1 ] || cat "$2/messages" >&2
    done
    (cd "$2/drops" && find . -path './*/out/*' -type f ! -name .ecosgate-claim | LC_ALL=C sort) |
        while IFS= read -r file; do
            mkdir -p "$3/$(dirname "$file")" && cp "$2/drops/$file" "$3/$file"
        done
    arrivals "$1" | awk '$1 != "-" && $1 != "+" && !seen[$1]++ { print $1 }' >"$2/names"
    last=$(arrivals "$1" | awk 'NF > 1 { time = $2 } END { print time }')
    # Names of samples hold no blanks.
    (cd "$1" && "$gate" -c "$2/ecosgate.conf" --now "${last:-$now}" --json check $(cat "$2/names")) \
        >"$3/check.jsonl" 2>"$2/messages"
    echo "check $?" >>"$3/run.status"
}

[ $# -gt 0 ] || set -- "$samples/good" "$samples/way" "$samples/late" "$samples/resolved" "$samples/stranded" \
    "$samples"/codes/*
count=0
bad=0
ok() # STATUS TEXT
{
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then echo "ok $count - $2"; else bad=1; echo "not ok $count - $2"; fi
}

for folder in "$@"; do
    folder=$(cd "$folder" && pwd)
    code=$(basename "$folder")
    out=$work/$code.out
    produce "$folder" "$work/$code.home" "$out" || { ok 1 "$code: runs"; continue; }
    if [ "$mode" = --update ]; then
        rm -rf "$folder/expected" && cp -r "$out" "$folder/expected"
        ok $? "$code: stored"
    else
        diff -r "$folder/expected" "$out" >"$work/$code.diff" 2>&1
        ok $? "$code: answers are the expected ones, byte for byte"
        sed 's/^/# /' "$work/$code.diff" | head -n 40
    fi
    case $code in good | way | late | resolved | stranded) continue ;; esac
    grep -rqw -e "$code" "$out"
    ok $? "$code: is found in the sample that bears its name"
done
echo "1..$count"
if [ "$bad" -eq 0 ]; then rm -rf "$work"; else echo "# kept: $work"; fi
exit $bad
