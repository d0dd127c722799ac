#!/bin/sh
# What the compiler cannot see (TAP): the only file that may do a dangerous thing, lists that must agree.
# Who may include whom, sizes and comments: lint_code.py.
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 99
clean() # TEXT, findings on standard input: none is good
{
    found=$(cat)
    if [ -z "$found" ]; then echo "ok - $1"; else
        echo "not ok - $1"
        printf '%s\n' "$found" | head -n 20 | sed 's/^/# /'
    fi
}
only() # TEXT REGEX ALLOWED-FILES(regex): who else matches
{
    grep -rnE --include='*.[ch]' "$2" gateway validators spool formats | grep -vE "^($3):" |
        grep -vE '^[^:]+:[0-9]+: *(/?\*|//)' | clean "$1"
}

{
grep -rnE --include='*.[ch]' '^# *include "[^/"]+"' formats spool validators gateway |
    clean "every include shows its folder"

only "rename, fsync and unlink: spool/disk*.c alone" \
    '\b(renameat2?|fsync|fdatasync|syncfs|unlinkat|(g_)?(rename|unlink|remove|rmdir)) ?\(' \
    'spool/disk[a-z_]*\.c'
only "SQLite: spool/ledger/ alone" 'include <sqlite3\.h>' 'spool/ledger/[a-z_]*\.[ch]'
only "libxml2: formats/xml/ alone" 'include <libxml/' 'formats/xml/[a-z_]*\.[ch]'
only "libxml2's unstable parts: formats/xml/xml_parser.h alone" \
    '\bparser->|\bxmlStopParser\b|\bxmlDict|\bxmlParserInput\b|parserInternals\.h' 'formats/xml/xml_parser\.h'
# Two dangers, two files: formats/unpack trusts nothing from outside; spool/packed.c reads back what it wrote. The
# tars of commands: tar_out.c only writes, archive_file.c reads what stands outside of the spool.
only "zlib and libarchive: formats/unpack/, spool/packed.c and the tars of commands alone" \
    'include <(zlib|archive|archive_entry)\.h>' \
    '(formats/unpack/[a-z_]*\.[ch]|spool/packed\.c|gateway/commands/archive/(tar_out|archive_file)\.c)'
only "libdeflate: spool/packed.c alone" 'include <libdeflate\.h>' 'spool/packed\.c'
only "libcrypto: spool/digest.c, validators/signature/, formats/xml/xml_signature_*.c alone" \
    'include <openssl/' \
    '(spool/digest\.c|validators/signature/[a-z_]*\.[ch]|formats/xml/xml_signature_(verify|library)\.c)'
only "libxmlsec1: formats/xml/xml_signature_*.[ch] alone" \
    'include <xmlsec/|\bxmlSec[A-Z]' 'formats/xml/xml_signature_[a-z]*\.[ch]'
only "libraries that are loaded: formats/xml/xml_signature_library.c alone" '\bdlopen ?\(' \
    'formats/xml/xml_signature_library\.c'
only "libssh2: gateway/drops/sftp/ alone" 'include <libssh2[a-z_]*\.h>' 'gateway/drops/sftp/[a-z_]*\.[ch]'
only "libseccomp: gateway/guards/filter_make.c alone" 'include <seccomp\.h>' 'gateway/guards/filter_make\.c'
jansson='gateway/commands/[a-z_/]*\.[ch]|formats/profile/profile_[a-z_]*\.[ch]|formats/writer\.c'
only "jansson: --json, the files of a profile, kept columns, and the log" 'include <jansson\.h>' \
    "($jansson|gateway/pipeline/judging/split\.c|gateway/log/log_form\.c)"
only "standard error: commands, and the log" '\b(g_printerr|stderr|STDERR_FILENO)\b' \
    '(gateway/main\.c|gateway/commands/[a-z_/]*\.c|gateway/log/[a-z_]*\.c|gateway/guards/guards\.c)'
only "the clock: gateway/clock.c alone" \
    '\b(time|gettimeofday|clock_gettime|g_get_real_time|g_get_monotonic_time|g_date_time_new_now[a-z_]*) ?\(' \
    'gateway/clock\.c'

# Each code's row as ecosgate(1) has to show it: three lines of tbl.
sed ':a
/,$/ { N; s/,\n */, /; ba
}' validators/catalogue.def | awk -F'"' '/^CODE\(/ {
    name = $2; gsub(/`/, "", name); gsub(/…/, "...", name)
    who = $4 == "" ? "-" : $4 == $6 ? $4 : $4 ", GPF: " $6
    printf "%s;T{|%s|T};%s;%s;%s\n", substr($1, 6, 4), name, substr($3, 9, 1), $3 ~ /true/ ? "Y" : "N", who
}' | while IFS= read -r row; do
    tr '\n' '|' <gateway/ecosgate.1 | grep -qF "|$row|" || echo "$row"
done | clean "every code is in ecosgate(1), with the catalogue's name, scope, transience and resolver"

# Each metric's row as OPERATIONS.md has to show it.
sed '/^ *\*\|^\/\*/d; :a
/,$/ { N; s/,\n */, /; ba
}' gateway/metrics/metrics.def | awk -F'"' '/^METRIC\(/ {
    split($1, head, /[(), ]+/); type = head[3]; origin = $7; gsub(/[, ]/, "", origin); labels = $6
    gsub(/,/, ", ", labels); if (labels == "") labels = "-"
    printf "| `%s` | %s | %s | %s | %s |\n", $2, tolower(type), labels, tolower(origin), $8
}' | sort >/tmp/metrics.$$.def
sed -n '/^## Monitoring/,/^## One/ { /^| `/p; }' gateway/OPERATIONS.md | sort | diff - /tmp/metrics.$$.def |
    clean "the metrics of OPERATIONS.md are those of metrics.def"
rm -f /tmp/metrics.$$.def

sed -n 's/.*_\(value\|path\)(l, \(g\|group\), "\([a-z0-9_]*\)".*/\3/p' gateway/config/*.c gateway/drops/*.c | sort -u |
    while read -r setting; do
    grep -qE "^\.BR? $setting( |$)" gateway/ecosgate.conf.5 || echo "$setting"
done | clean "every setting is in ecosgate.conf(5)"
requests="T[HPQSE]|S[HS]|[PI]P|R[SEIB]|I[RB]?|B[RI]?|nf|fi|if|sp|ad|\\\\\""
grep -nE "^[.']" gateway/ecosgate.1 gateway/ecosgate.conf.5 | grep -vE ":[.']($requests)( |\$)" |
    clean "no text of a manual page begins with a dot, which hides its line"

python3 formats/schema/strict.py --check 2>&1 | clean "the strict schemas are derived from the published ones"

if [ -f spool/steps.def ]; then
    in_code=$(sed -n 's/^STEP([A-Z_0-9]*, *"\([^"]*\)".*/\1/p' spool/steps.def | sort)
    in_readme=$(sed -n 's/^| *`\([a-z0-9-]*\)` *|.*/\1/p' spool/README.md 2>/dev/null | sort)
    { [ "$in_code" = "$in_readme" ] || printf 'steps.def:\n%s\nREADME.md:\n%s\n' "$in_code" "$in_readme"; } |
        clean "crash points: steps.def and spool/README.md agree"
    printf '%s\n' "$in_code" | uniq -d | clean "no two crash points have the same name"
fi

in_table=$(sed -n 's/^EVENT([A-Z_]*, *"\([a-z-]*\)", \([A-Z]*\), .*/\1 \2/p' gateway/log/events.def |
    tr 'A-Z' 'a-z' | sort)
in_manual=$(sed -n '/^## The log/,/^## One side/s/^| `\([a-z-]*\)` | \([a-z]*\) |.*/\1 \2/p' gateway/OPERATIONS.md |
    grep -E ' (error|warning|notice|info|debug)$' | sort)
{ [ -n "$in_table" ] && [ "$in_table" = "$in_manual" ] ||
    printf 'events.def:\n%s\nOPERATIONS.md:\n%s\n' "$in_table" "$in_manual"; } |
    clean "events of the log: events.def and ecosgate(7) agree"
for event in $(sed -n 's/^EVENT(\([A-Z_]*\),.*/\1/p' gateway/log/events.def); do
    grep -rqw --include='*.[ch]' "EVENT_$event" gateway || echo "$event"
done | clean "every event of the log is logged somewhere"

# In a checkout; a tarball holds what autoreconf made besides.
{ git ls-files 2>/dev/null || true; } | sed 's|/.*||' | sort -u |
    grep -vE '^(\..*|gateway|formats|validators|spool|tests|samples|configure\.ac|Makefile\.am|README\.md)$' |
    clean "nothing else stands at the top level"
grep -rnE '\b(TODO|FIXME|XXX)\b' gateway formats validators spool tests samples README.md configure.ac Makefile.am \
    2>/dev/null | grep -v '^tests/lint\.sh:' | clean "nothing is left to do in a comment"
} | awk '/^(not )?ok - / { n++; if (/^not/) bad = 1; sub(/ok - /, "ok " n " - ") }
         { print }
         END { print "1.." n + 0; exit bad }'
