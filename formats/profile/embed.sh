#!/bin/sh
# Writes C on standard output: the text files of a folder as string literals, and their digest (profile_embedded.h).
#   embed.sh FOLDER FILE…        files are named from the folder; each ends in a line end
set -e
folder=$1
shift
LC_ALL=C
export LC_ALL
files=$(printf '%s\n' "$@" | sort)

# What the loader reads of a JSON file: the same without blanks, and without the members of Table Schemas and forms
# that only people, other programs and exports need.
lean() {
    case $1 in
    records/*) drop='$schema title description type form format pattern minLength maxLength minimum maximum unique' ;;
    reports/*) drop='$schema description type form format pattern minLength maxLength minimum maximum unique' ;;
    forms.json) drop='description xsd forms types' ;;
    *) drop='' ;;
    esac
    awk -v drop="$drop" '
        function token(    text) {
            if (match(rest, /^("([^"\\]|\\.)*"|[^]},:" \t\r\n]+)/) == 0)
                exit failed = 1
            text = substr(rest, 1, RLENGTH)
            rest = substr(rest, RLENGTH + 1)
            return text
        }
        # The next character that is no blank.
        function next_of() {
            sub(/^[ \t\r\n]+/, "", rest)
            return substr(rest, 1, 1)
        }
        function skip() {
            next_of()
            rest = substr(rest, 2)
        }
        function value(    open, text, key, one, between) {
            open = next_of()
            if (open != "{" && open != "[")
                return token()
            for (skip(); next_of() != (open == "{" ? "}" : "]"); next_of() == "," && skip()) {
                key = ""
                if (open == "{") {
                    key = token()
                    skip()
                }
                one = value()
                if (substr(key, 2, length(key) - 2) in dropped)
                    continue
                text = text between key (key != "" ? ":" : "") one
                between = ","
            }
            skip()
            return open text (open == "{" ? "}" : "]")
        }
        BEGIN {
            n = split(drop, names, " ")
            while (n > 0)
                dropped[names[n--]]
        }
        { rest = rest $0 "\n" }
        END {
            text = failed ? "" : value()
            if (failed || next_of() != "")
                exit 1
            print text
        }' "$folder/$1"
}

# Lines of text as a string literal.
literal() {
    echo "static const char $1[] ="
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/    "/; s/$/\\n"/'
    echo "    ;"
}

echo '#include "formats/profile/profile_embedded.h"'
n=0
for file in $files; do
    literal "text_$n" <"$folder/$file"
    text=$(lean "$file")
    printf '%s\n' "$text" | literal "lean_$n"
    n=$((n + 1))
done
echo 'const struct profile_embedded profile_embedded[] = {'
n=0
for file in $files; do
    echo "    {\"$file\", text_$n, sizeof text_$n - 1, lean_$n, sizeof lean_$n - 1},"
    n=$((n + 1))
done
echo '};'
echo 'const size_t profile_n_embedded = sizeof profile_embedded / sizeof *profile_embedded;'
digest=$(cd "$folder" && sha256sum $files | sha256sum)
echo "const char profile_embedded_digest[] = \"${digest%% *}\";"
