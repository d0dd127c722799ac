#!/bin/sh
# Builds the Debian package, has lintian look at it, and tries it in a Debian 12 of its own: install, autopkgtest's
# smoke test, the upgrade of a full spool from an older release, remove, purge. Some minutes; as root, on a Debian 12
# that reaches a mirror. From a clean clone nothing has to be built before.
#   sh tests/package.sh [BUILD-FOLDER]
#   DEB=FILE …       tries a package that is built already, and does not look at it
#   OLDER=FILE …     upgrades from this package. Without it the older release is the newest commit whose ledger has
#                    older tables; a clone without history says so and skips the upgrade
# Nothing of this machine is mounted into the chroot but its own /proc.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
. samples/packages.sh
if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: a chroot needs root" && exit 77
fi
if ! packages dpkg-dev debhelper lintian mmdebstrap lowdown xz-utils $build_packages; then
    echo "skipped: this machine cannot install debhelper, lintian, mmdebstrap and lowdown" && exit 77
fi
schema=spool/ledger/ledger_schema.c
packaging=gateway/debian

good()
{
    echo "ok - $1"
}

# make_package SOURCE-FOLDER BUILD-FOLDER LOG: prints the package's path.
make_package()
{
    {
        mkdir -p "$2"
        [ -x "$1/configure" ] || (cd "$1" && autoreconf -fi)
        source=$(cd "$1" && pwd)
        [ -f "$2/Makefile" ] || (cd "$2" && "$source/configure" -q)
        make -s -C "$2" deb
    } >"$3" 2>&1 || { tail -n 30 "$3" >&2; return 1; }
    ls "$2"/deb/ecosgate_*_*.deb
}

# The number of the newest tables in a source text.
newest_tables()
{
    sed -n 's/.*PRAGMA user_version=\([0-9]*\);.*/\1/p' | sort -n | tail -n 1
}

# The newest commit whose tables are older; nothing where the clone has no history.
older_commit()
{
    now=$(newest_tables <$schema)
    for commit in $(git log --format=%H -S"user_version=$now;" -- $schema 2>/dev/null | tail -n 1); do
        git rev-parse -q --verify "$commit^" || true
    done
}

# make_older FOLDER: the package of the older release, with a lower version than today's; prints its path. Without
# optimisation: that takes half of the time.
make_older()
{
    commit=$(older_commit)
    [ -n "$commit" ] || return 0
    mkdir -p "$1/source"
    git archive "$commit" | tar -x -C "$1/source"
    [ -d "$1/source/$packaging" ] || cp -r $packaging "$1/source/$packaging"
    sed -i '1s/(\(.*\)-[^-]*)/(\1-0)/' "$1/source/$packaging/changelog"
    echo "the older release: $(git log -1 --format='%h of %cs' "$commit")," \
        "tables $(git show "$commit:$schema" | newest_tables)" >&2
    DEB_BUILD_OPTIONS='noopt nocheck' make_package "$1/source" "$1/build" "$build/older.log"
}

root=$(mktemp -d "${TMPDIR:-/tmp}/ecosgate-package.XXXXXX")
older=$(mktemp -d "${TMPDIR:-/tmp}/ecosgate-older.XXXXXX")
finish()
{
    umount "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$root" "$older"
}
trap finish EXIT INT TERM
mkdir -p "$build"
if [ -z "${DEB-}" ]; then
    DEB=$(make_package . "$build" "$build/deb.log")
    echo "built: $(basename "$DEB"), $(stat -c %s "$DEB") bytes"
    lintian --fail-on error,warning --allow-root "$build"/deb/ecosgate_*.changes
    good "lintian: no error, no warning"
fi
[ -n "${OLDER-}" ] || OLDER=$(make_older "$older")

mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) bookworm .*/\2/p; s/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list \
    /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}
if ! mmdebstrap --variant=minbase --include=systemd --skip=check/empty,cleanup/apt/lists bookworm "$root" \
    "deb $mirror bookworm main" "deb $mirror bookworm-updates main" "deb $mirror-security bookworm-security main" \
    >"$build/chroot.log" 2>&1; then
    tail -n 5 "$build/chroot.log" >&2
    echo "skipped: this machine cannot make a chroot" && exit 77
fi
mount -t proc proc "$root/proc"
in_root()
{
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
as_gateway() # COMMAND…
{
    in_root setpriv --reuid ecosgate --regid ecosgate --init-groups \
        ecosgate -c /etc/ecosgate/ecosgate.conf --now 2023-07-03T12:00:00Z "$@"
}
# install FILE: with what it depends on, as an administrator does.
install()
{
    cp "$1" "$root/tmp/ecosgate.deb"
    in_root apt-get install -y --no-install-recommends /tmp/ecosgate.deb >"$build/install.log" 2>&1 ||
        { tail -n 20 "$build/install.log" >&2; return 1; }
}
# Which jobs there are and what became of them: no column that a release may add.
jobs()
{
    as_gateway --json spool list | sed 's/.*"id": *"\{0,1\}\([0-9]*\).*"state": *"\([a-z]*\)".*/\1 \2/' | sort
}
tables()
{
    od -An -tu4 -j60 -N4 --endian=big "$root/var/lib/ecosgate/spool/ledger.sqlite" | tr -d ' '
}

install "$DEB"
in_root test -e /etc/ecosgate/ecosgate.conf
[ "$(in_root stat -c '%U %G %a' /etc/ecosgate/ecosgate.conf)" = "root ecosgate 640" ]
[ "$(in_root stat -c '%U %G %a' /var/lib/ecosgate/spool/ledger.sqlite)" = "ecosgate ecosgate 640" ]
as_gateway config check >/dev/null
good "installed: user, configuration, spool and ledger are there, and config check finds no fault"
in_root sh -c 'command -v man >/dev/null || true; ls /usr/share/man/man7/ecosgate.7.gz \
    /usr/share/man/man5/ecosgate-files.5.gz /usr/share/man/man5/ecosgate.conf.5.gz /usr/share/man/man1/ecosgate.1.gz \
    /usr/share/bash-completion/completions/ecosgate /usr/share/ecosgate/schema/ecos-migration-1.xsd \
    /usr/share/ecosgate/profiles/proposal-1.0/profile.json' >/dev/null
good "manual pages, completion, schema and profile are there"
cp $packaging/tests/smoke "$root/tmp/smoke"
in_root sh /tmp/smoke >"$build/smoke.log" 2>&1 || { cat "$build/smoke.log" >&2; exit 1; }
good "one file in: a verdict, and all sound"
in_root apt-get remove -qq -y ecosgate >"$build/remove.log" 2>&1
in_root test -e /etc/ecosgate/ecosgate.conf
in_root test -e /var/lib/ecosgate/spool/ledger.sqlite
good "removed: configuration and spool stay"
in_root apt-get purge -qq -y ecosgate >>"$build/remove.log" 2>&1
! in_root test -e /etc/ecosgate
in_root test -e /var/lib/ecosgate/spool/ledger.sqlite
good "purged: the configuration is gone, and the spool stays"

if [ -z "$OLDER" ]; then
    echo "skipped: the upgrade, for this clone has no history; give OLDER=FILE, a package of an older release" && exit 0
fi
in_root rm -rf /var/lib/ecosgate
install "$OLDER"
in_root sh /tmp/smoke >"$build/smoke.log" 2>&1 || { cat "$build/smoke.log" >&2; exit 1; }
for round in 1 2; do # reference data, instructions good and bad, results: a spool with jobs in several states
    for file in "$root"/usr/share/doc/ecosgate/samples/*/*; do
        name=$(basename "$file")
        case $name in
        EM[ITC]_*_2023* | INV_*_2023* | COS_*_2023* | NMM_*_2023* | PTY_*_2023*)
            drop=$(echo "$name" | sed 's/^[^_]*_\([A-Z]*\)_.*/\1/; s/TCSP/tcos/; s/ECSP/ecos/' | tr A-Z a-z)
            [ ! -d "$root/var/lib/ecosgate/drops/$drop/in" ] || in_root setpriv --reuid ecosgate --regid ecosgate \
                --init-groups cp "${file#"$root"}" "/var/lib/ecosgate/drops/$drop/in/$name"
            ;;
        esac
    done
    as_gateway run --once >"$build/older-run.log" 2>&1 || [ $? -eq 1 ] # 1: a file was rejected
done
before=$(jobs)
old_tables=$(tables)
[ "$(echo "$before" | wc -l)" -gt 20 ]
install "$DEB"
in_root sh -c 'test -e /var/lib/ecosgate/before-*/BACKUP'
[ "$(tables)" = "$old_tables" ]
as_gateway run --once >"$build/newer-run.log" 2>&1 || [ $? -eq 1 ]
grep -q 'ledger-upgrade' "$build/newer-run.log"
[ "$(tables)" -gt "$old_tables" ]
[ "$(jobs | head -n "$(echo "$before" | wc -l)")" = "$before" ]
as_gateway spool verify >/dev/null
good "upgraded: $(echo "$before" | wc -l) jobs, tables $old_tables to $(tables), a copy was made before, all is sound"
in_root apt-get purge -qq -y ecosgate >>"$build/remove.log" 2>&1
! in_root test -e /etc/ecosgate
good "purged after the upgrade"
