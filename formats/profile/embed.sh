#!/bin/sh
# Writes C on standard output: the text files of a folder as string literals, and their digest (profile_embedded.h).
#   embed.sh FOLDER FILE…        files are named from the folder; each ends in a line end
set -e
folder=$1
shift
LC_ALL=C
export LC_ALL
files=$(printf '%s\n' "$@" | sort)

echo '#include "formats/profile/profile_embedded.h"'
n=0
for file in $files; do
    echo "static const char text_$n[] ="
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/    "/; s/$/\\n"/' "$folder/$file"
    echo "    ;"
    n=$((n + 1))
done
echo 'const struct profile_embedded profile_embedded[] = {'
n=0
for file in $files; do
    echo "    {\"$file\", text_$n, sizeof text_$n - 1},"
    n=$((n + 1))
done
echo '};'
echo 'const size_t profile_n_embedded = sizeof profile_embedded / sizeof *profile_embedded;'
digest=$(cd "$folder" && sha256sum $files | sha256sum)
echo "const char profile_embedded_digest[] = \"${digest%% *}\";"
